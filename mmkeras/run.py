"""A run: a folder that holds a trained model and all that is needed to use it again."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from mmkeras.manifest import Manifest, digest, load_manifest
from mmkeras.model import recipe_of
from mmkeras.prepare import Prepared, check_tokenizer, prepare
from mmkeras.recipe import Recipe
from mmkeras.sources import arguments
from mmkeras.splits import SPLITS
from mmkeras_edge.inputs import pick

MODEL, TOKENIZER, HISTORY, ABOUT = "model.keras", "tokenizer.json", "history.csv", "run.json"


@dataclass(frozen=True)
class Run:
    """A trained model, its tokenizer, its history by epoch and what made it.

    `path` is None for a run that was not stored.
    """

    model: keras.Model
    tokenizer_json: str | None
    history: Mapping[str, Sequence[float]]
    about: Mapping[str, Any]
    path: Path | None = None

    @property
    def recipe(self) -> Recipe:
        return recipe_of(self.model)

    def manifest(self, path: str | os.PathLike[str] | None = None) -> Manifest:
        """The manifest that it was trained on, or another one with the same columns."""
        data = self.about["data"]
        kinds = data.get("kinds") or {name: name for name in data["inputs"]}
        columns = arguments(data["inputs"], kinds)
        return load_manifest(path or data["path"], targets=data["targets"], **columns)

    def rows(self, split: str) -> Manifest:
        """Its "train", "valid" or "test" rows: what it learned from, was chosen by, never saw.

        Raises ValueError when the manifest is another one by now.
        """
        pick(dict.fromkeys(SPLITS), split, "split")
        data = self.about["data"]
        if digest(data["path"]) != data["sha256"]:
            raise ValueError(
                f"{data['path']} has changed since the training; name the rows to use: "
                "a manifest of their own"
            )
        whole = self.manifest()
        seen = {*data["lines"]["train"], *data["lines"]["valid"]}
        lines = data["lines"].get(split, set(whole.lines) - seen)
        if not lines:
            raise ValueError(f"{data['path']}: no {split} rows")
        return whole.on_lines(lines)

    def prepare(self, data: Manifest | Prepared) -> Prepared:
        """A manifest as the arrays that this run's model takes.

        Raises ValueError for rows that were prepared for another model.
        """
        if isinstance(data, Prepared):
            check_tokenizer(data, self.tokenizer_json)
            return data.narrowed(self.recipe)
        return prepare(data, self.recipe, self.tokenizer_json)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the folder, complete or not at all; an older run there is replaced.

        Raises FileExistsError for a folder that is no run.
        """
        path = Path(path)
        check_free(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as workshop:
            new, old = Path(workshop, "new"), Path(workshop, "old")
            new.mkdir()
            self.model.save(new / MODEL)
            if self.tokenizer_json is not None:
                (new / TOKENIZER).write_text(self.tokenizer_json, encoding="utf-8")
            _write_history(new / HISTORY, self.history)
            (new / ABOUT).write_text(json.dumps(self.about, indent=1), encoding="utf-8")
            if path.exists():
                path.rename(old)
            try:
                new.rename(path)
            finally:
                if old.exists() and not path.exists():
                    old.rename(path)
        return path


def check_free(path: Path) -> None:
    """Raises FileExistsError for what is there and no run: it is not to be replaced."""
    if path.exists() and not (path / ABOUT).is_file():
        raise FileExistsError(f"{str(path)!r} exists and is no run; choose another folder")


def load(path: str | os.PathLike[str]) -> Run:
    """Opens a run's folder. Raises FileNotFoundError if there is none."""
    path = Path(path)
    if not (path / ABOUT).is_file():
        raise FileNotFoundError(f"{str(path)!r} is no run: no {ABOUT} in it")
    tokenizer = path / TOKENIZER
    with open(path / HISTORY, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Run(
        model=keras.models.load_model(path / MODEL),
        tokenizer_json=tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else None,
        history={name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())},
        about=json.loads((path / ABOUT).read_text(encoding="utf-8")),
        path=path,
    )


def _write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(history)
        writer.writerows(zip(*history.values(), strict=True))
