"""Rows to arrays, by the device's own loaders; each distinct file is decoded once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from mmkeras.manifest import Manifest, Problem, drop, unlabelled
from mmkeras.modalities import Modality, Text
from mmkeras.recipe import FUSED, Recipe
from mmkeras.sources import check_columns, distinct
from mmkeras.targets import labelled, read_targets
from mmkeras.tasks import Task
from mmkeras_edge.inputs import load_input, pick
from mmkeras_edge.specs import InputSpec, presence_name
from mmkeras_edge.text import read_tokenizer

ABSENT = -1


@dataclass(frozen=True)
class Column:
    """The arrays of one input: row r is values[index[r]], or absent where index[r] is -1."""

    values: np.ndarray  # (distinct, ...)
    index: np.ndarray  # (rows,)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The arrays of some rows, (len(rows), ...); zeros where absent."""
        index = self.index[rows]
        taken = self.values[index]  # -1 takes the last one, overwritten below
        taken[index == ABSENT] = 0
        return taken

    def present(self, rows: np.ndarray) -> np.ndarray:
        """1 where the row has this input, else 0: float32 (len(rows),)."""
        return (self.index[rows] != ABSENT).astype(np.float32)


@dataclass(frozen=True)
class Prepared:
    """A manifest as arrays: what a graph takes and what it should answer, by name."""

    manifest: Manifest
    inputs: Mapping[str, Column]
    targets: Mapping[str, np.ndarray]  # as in mmkeras.targets; labels may be unknown
    recipe: Recipe  # whose specs and labels these are
    tokenizer_json: str | None
    taught: Mapping[str, np.ndarray] = field(default_factory=dict)  # a teacher's answers, or none
    fused: np.ndarray | None = None  # its fused vectors, (rows, E), NaN where it has none

    @property
    def optional(self) -> tuple[str, ...]:
        return self.recipe.optional

    def __len__(self) -> int:
        return len(self.manifest)

    def feed(self, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """The graph's inputs for some rows (default: all), presence included."""
        rows = np.arange(len(self)) if rows is None else np.asarray(rows)
        feed = {name: column.take(rows) for name, column in self.inputs.items()}
        for name in self.optional:
            feed[presence_name(name)] = self.inputs[name].present(rows)
        return feed if self.fused is None else {**feed, FUSED: self.fused[rows]}

    def answers(self, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """The labels for some rows (default: all), by output, as in `mmkeras.targets`."""
        return {name: of if rows is None else of[rows] for name, of in self.targets.items()}

    @cached_property
    def partly(self) -> bool:
        """Whether some row lacks the label of some output."""
        return any(not labelled(of).all() for of in self.targets.values())

    def without(self, name: str) -> Prepared:
        """The same rows with one optional input absent everywhere."""
        pick(dict.fromkeys(self.optional), name, "optional input")
        column = self.inputs[name]
        gone = Column(column.values, np.full_like(column.index, ABSENT))
        return replace(self, inputs={**self.inputs, name: gone})

    def narrowed(self, recipe: Recipe) -> Prepared:
        """The same rows with only the inputs and outputs of a narrower recipe.

        Raises ValueError for a recipe that wants other arrays than these.
        """
        for name, source in recipe.inputs.items():
            _check_same(name, _host(pick(self.recipe.inputs, name, "input")), _host(source))
        for name, head in recipe.outputs.items():
            made = pick(self.recipe.outputs, name, "output")
            _check_same(name, _target(made), _target(head))
        return replace(
            self,
            inputs={name: self.inputs[name] for name in recipe.inputs},
            targets={name: self.targets[name] for name in recipe.outputs},
            recipe=recipe,
            taught={name: of for name, of in self.taught.items() if name in recipe.outputs},
        )


def prepare(
    manifest: Manifest,
    recipe: Recipe,
    tokenizer_json: str | None = None,
    keep_unlabelled: bool = False,
) -> Prepared:
    """Decodes every row that the recipe's inputs need, on all cores.

    A row that cannot be read, lacks an input that is not optional, has no label of any output, or
    one that the recipe does not know, is left out, listed in the manifest's `problems` and warned
    of. A label that is missing beside others is unknown: it is neither learned nor counted. With
    `keep_unlabelled`, rows without any label stay: for a teacher.
    """
    tokenizer = read_tokenizer(tokenizer_json) if tokenizer_json else None
    problems: list[Problem] = []
    columns = {}
    for name, spec in recipe.specs.items():
        of = pick(manifest.inputs, name, f"input: {manifest.path} has no column for")
        check_columns(name, manifest.kinds[name], of, spec)
        columns[name], found = _load_column(manifest, name, spec, tokenizer)
        problems += found
        if name not in recipe.optional:
            problems += _missing(manifest, name, columns[name])
    targets = {}
    for name, task in recipe.outputs.items():
        targets[name], found = _labels(manifest, name, task)
        problems += found
    if not keep_unlabelled:
        problems += unlabelled(manifest, recipe.outputs)
    kept = drop(manifest, problems)
    rows = np.flatnonzero(manifest.table.index.isin(kept.table.index))
    return Prepared(
        kept,
        {name: Column(column.values, column.index[rows]) for name, column in columns.items()},
        {name: of[rows] for name, of in targets.items()},
        recipe,
        tokenizer_json,
    )


def check_tokenizer(data: Prepared, tokenizer_json: str | None) -> None:
    """Raises ValueError for texts that another tokenizer made the token ids of."""
    if tokenizer_json is not None and data.tokenizer_json != tokenizer_json:
        raise ValueError(
            f"{data.manifest.path}: the rows were prepared with another tokenizer than the "
            "model's; give the manifest itself, or what run.prepare makes of it"
        )


def _host(source: Modality) -> dict[str, Any]:
    """What decides the arrays of an input."""
    vocabulary = {"vocabulary": source.tokens} if isinstance(source, Text) else {}
    return {**vars(source.spec), **vocabulary}


def _target(task: Task) -> dict[str, Any]:
    """What decides the array of an output: not its unit, thresholds or levels."""
    return {"kind": task.kind, "labels": getattr(task, "labels", None)}


def _check_same(name: str, made: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    differ = [field for field in wanted if made.get(field) != wanted[field]]
    if differ:
        raise ValueError(
            f"{name!r} was prepared with "
            + ", ".join(f"{field}={made.get(field)!r}" for field in differ)
            + ", and the model wants "
            + ", ".join(f"{field}={wanted[field]!r}" for field in differ)
            + "; prepare the rows with the model's own recipe"
        )


def _load_column(
    manifest: Manifest, name: str, spec: InputSpec, tokenizer: Any
) -> tuple[Column, list[Problem]]:
    different, places = distinct(manifest.column(name))
    values = np.zeros((max(len(different), 1), *spec.shape), spec.dtype)

    def load(position: int) -> str | None:
        try:
            values[position] = load_input(different[position], spec, tokenizer)
        except (ValueError, OSError) as error:
            return str(error)
        return None

    # Threads, not processes: Pillow, libsndfile, soxr and the tokenizer release the GIL while they
    # work, and a user's script needs no `if __name__ == "__main__"`.
    with ThreadPoolExecutor() as pool:
        messages = list(pool.map(load, range(len(different))))
    index = np.array([ABSENT if place is None else place for place in places], dtype=np.int64)
    problems = [
        Problem(str(manifest.path), line, ", ".join(manifest.columns(name)), message)
        for line, place in zip(manifest.table.index, places, strict=True)
        if place is not None and (message := messages[place])
    ]
    return Column(values, index), problems


def _missing(manifest: Manifest, name: str, column: Column) -> list[Problem]:
    return [
        Problem(
            str(manifest.path),
            line,
            ", ".join(manifest.columns(name)),
            f"is empty; fill it, or build the model with optional=({name!r},)",
        )
        for line in manifest.table.index[column.index == ABSENT]
    ]


def _labels(manifest: Manifest, name: str, task: Task) -> tuple[np.ndarray, list[Problem]]:
    column = pick(manifest.targets, name, f"output: {manifest.path} has no target for")
    values, wrong = read_targets(manifest.cells(name), task)
    lines = manifest.lines
    file = str(manifest.path)
    return values, [Problem(file, lines[row], column, what) for row, what in wrong.items()]
