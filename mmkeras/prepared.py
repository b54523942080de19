"""Rows as arrays: what a graph takes and what it should answer, in memory or on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.modalities import Modality, Text
from mmkeras.recipe import FUSED, Recipe
from mmkeras.targets import labelled
from mmkeras.tasks import Task
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import presence_name

ABSENT = -1


@dataclass(frozen=True)
class Column:
    """The arrays of one input: row r is values[index[r]], or absent where index[r] is -1.

    `values` may lie on the disk; there, rows of one source may have it in several places, and
    `sources` says which source each row has.
    """

    values: Any  # (distinct, ...), an array or what is sliced and indexed like one
    index: np.ndarray  # (rows,)
    sources: np.ndarray | None = None  # (rows,), as index

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The arrays of some rows, (len(rows), ...); zeros where absent."""
        index = self.index[rows]
        taken = self.values[index]  # -1 takes the last one, overwritten below
        taken[index == ABSENT] = 0
        return taken

    def present(self, rows: np.ndarray) -> np.ndarray:
        """1 where the row has this input, else 0: float32 (len(rows),)."""
        return (self.index[rows] != ABSENT).astype(np.float32)

    def firsts(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows in which a source comes for the first time, in their order, and for each row
        which of those it has, or `ABSENT`. The same wherever the values lie."""
        sources = self.index if self.sources is None else self.sources
        _, first = np.unique(sources, return_index=True)
        rows = np.sort(first[sources[first] != ABSENT])
        places = np.full(max(sources.max(initial=0), 0) + 1, ABSENT)
        places[sources[rows]] = np.arange(len(rows))
        return rows, np.where(sources == ABSENT, ABSENT, places[sources])

    def rows(self, rows: np.ndarray) -> Column:
        """The same with some of its rows."""
        sources = None if self.sources is None else self.sources[rows]
        return replace(self, index=self.index[rows], sources=sources)


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
    shards: np.ndarray | None = None  # the shard of each row, where they lie on the disk

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

    def rows(self, rows: np.ndarray) -> Prepared:
        """Some of the rows."""
        rows = np.asarray(rows)
        return replace(
            self,
            manifest=self.manifest.rows(rows),
            inputs={name: column.rows(rows) for name, column in self.inputs.items()},
            targets={name: of[rows] for name, of in self.targets.items()},
            taught={name: of[rows] for name, of in self.taught.items()},
            fused=None if self.fused is None else self.fused[rows],
            shards=None if self.shards is None else self.shards[rows],
        )

    def split(self, seed: int = 0) -> tuple[Prepared, Prepared, Prepared]:
        """Training, validation and test rows, as `Manifest.split` has them."""
        train, valid, test = self.manifest.split(seed)
        lines = self.manifest.table.index
        return (
            self.rows(np.flatnonzero(lines.isin(train.table.index))),
            self.rows(np.flatnonzero(lines.isin(valid.table.index))),
            self.rows(np.flatnonzero(lines.isin(test.table.index))),
        )

    def host(self, number: int, of: int) -> Prepared:
        """The rows that host `number`, from 0, of so many reads: those of shards of its own.

        Every host gets the same number of rows, that of the one with the fewest: hosts that train
        together take as many steps. Rows in memory are dealt one by one.
        """
        if not 0 <= number < of:
            raise ValueError(f"wanted a host from 0 to {of - 1}. Received: {number}")
        places = np.arange(len(self)) if self.shards is None else self.shards
        dealt = np.searchsorted(np.unique(places), places) % of
        fewest = np.bincount(dealt, minlength=of).min()
        if not fewest:
            raise ValueError(f"{len(np.unique(places))} shards are too few for {of} hosts")
        return self.rows(np.flatnonzero(dealt == number)[:fewest])

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
