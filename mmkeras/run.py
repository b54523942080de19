"""A run: a folder that holds a trained model and all that is needed to use it again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.adapting import specs_of
from mmkeras.dataset import Batches
from mmkeras.fitted import fitted
from mmkeras.folder import (
    ABOUT,
    CHECKPOINT,
    LAST,
    MODEL,
    RECIPE,
    TOKENIZER,
    replacing,
    settle,
)
from mmkeras.history import HISTORY, PICTURE, draw_history, read_history, write_history
from mmkeras.manifest import Manifest
from mmkeras.model import recipe_of
from mmkeras.origin import manifest_of, rows_of
from mmkeras.plain_file import write_json
from mmkeras.prepared import Prepared
from mmkeras.provenance import versions
from mmkeras.recipe import Recipe
from mmkeras_edge.outputs import OutputSpec


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

    @property
    def specs(self) -> dict[str, OutputSpec]:
        """How each output reads."""
        return specs_of(self.model, self.recipe)

    def manifest(
        self,
        path: str | os.PathLike[str] | None = None,
        strict: bool = False,
        skipped: str | os.PathLike[str] | None = None,
    ) -> Manifest:
        """The manifest that it was trained on, or another one with the same columns.

        `strict` and `skipped` are what `load_manifest` takes for rows that cannot be used.
        """
        return manifest_of(self.about["data"], path, strict, skipped)

    def rows(self, split: str) -> Manifest:
        """Its "train", "valid" or "test" rows: what it learned from, was chosen by, never saw.

        Raises ValueError when the manifest is another one by now.
        """
        return rows_of(self.about["data"], split)

    def prepare(self, data: Manifest | Prepared) -> Prepared:
        """A manifest as the arrays that this run's model takes.

        Raises ValueError for rows that were prepared for another model.
        """
        return fitted(data, self.recipe, self.tokenizer_json)

    def predict(self, data: Manifest | Prepared) -> dict[str, np.ndarray]:
        """What the Keras model's outputs hold, (rows, values) by name."""
        return self.model.predict(Batches(self.prepare(data), 256), verbose=0)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the folder, complete or not at all; an older run there is replaced.

        Of a training that ends there, its last weights are taken over. What else lies there, as an
        exported model, stays. Raises FileExistsError for a folder that is no run.
        """
        path = Path(path)
        with replacing(path) as new:
            with uncompiled(self.model):
                self.model.save(new / MODEL)
            if self.tokenizer_json is not None:
                (new / TOKENIZER).write_text(self.tokenizer_json, encoding="utf-8")
            write_history(new / HISTORY, self.history)
            if self.history:
                draw_history(new / PICTURE, self.history)
            recipe = json.dumps(self.recipe.to_dict(), indent=1, ensure_ascii=False)
            (new / RECIPE).write_text(recipe, encoding="utf-8")
            last = path / CHECKPOINT / LAST
            if last.exists():
                os.replace(last, new / LAST)
            write_json(new / ABOUT, self.about)
        return path


@contextmanager
def uncompiled(model: keras.Model) -> Iterator[None]:
    """Within, a model is stored without its optimizer, whose state is twice as large as it."""
    optimizer, compiled = getattr(model, "optimizer", None), model.compiled
    model.optimizer, model.compiled = None, False
    try:
        yield
    finally:
        model.optimizer, model.compiled = optimizer, compiled


def load(path: str | os.PathLike[str]) -> Run:
    """Opens a run's folder.

    Raises FileNotFoundError if there is none, or an unfinished one, and ValueError for a model that
    cannot be built here, as of another version or with layers that nobody has imported.
    """
    path = Path(path)
    settle(path)
    if not (path / ABOUT).is_file():
        if (path / CHECKPOINT).is_dir():
            raise FileNotFoundError(
                f"the training in {str(path)!r} is not finished; go on with it: "
                f"mmkeras train --resume --out {path}"
            )
        raise FileNotFoundError(f"{str(path)!r} is no run: no {ABOUT} in it")
    tokenizer = path / TOKENIZER
    about = json.loads((path / ABOUT).read_text(encoding="utf-8"))
    return Run(
        model=_model_in(path, about.get("versions", {})),
        tokenizer_json=tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else None,
        history=read_history(path / HISTORY),
        about=about,
        path=path,
    )


def _model_in(path: Path, stored_by: Mapping[str, str]) -> keras.Model:
    try:
        return keras.models.load_model(path / MODEL)
    except (TypeError, ValueError) as error:
        first: BaseException = error
        while first.__context__ is not None:  # Keras tells of each layer around it
            first = first.__context__
        said = (str(first).strip().splitlines() or [f"{type(first).__name__}."])[0]
        here = versions()
        of = [f"{n} {v} (here {here[n]})" for n, v in stored_by.items() if here.get(n, v) != v]
        by = ", ".join(of) or "these versions of all packages"
        raise ValueError(
            f"{str(path / MODEL)!r} cannot be built here: {said} It was "
            f"stored by {by}; import what defines its own layers first, or train anew"
        ) from error
