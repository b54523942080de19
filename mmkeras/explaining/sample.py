"""The sample that is explained, and rows of its kind that say what is usual."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from mmkeras.insight.removal import nothing
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared, prepare
from mmkeras.run import Run
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.specs import presence_name
from mmkeras_edge.text import read_tokenizer

USUAL = 64  # rows: their mean picture, their mean answer
BATCH = 64  # rows that the model answers at once
Feed = Mapping[str, np.ndarray]  # by name, (B, ...)


@dataclass(frozen=True, eq=False)
class Usual:
    """A run and some rows of its kind. What an input is taken away to is as
    `mmkeras.insight.removal` has it."""

    run: Run
    rows: Prepared
    functions: dict[Any, Any] = field(default_factory=dict)  # compiled, for all samples

    @cached_property
    def nothing(self) -> dict[str, np.ndarray]:
        """By input, the array that stands for it where it is taken away."""
        specs = self.rows.recipe.specs
        return {name: nothing(column, specs[name]) for name, column in self.rows.inputs.items()}

    @cached_property
    def answer(self) -> dict[str, np.ndarray]:
        """What is answered to nobody: the mean of all answers, (1, values) by output."""
        answers = answer(self.run, self.rows.feed())
        return {name: of.mean(axis=0, keepdims=True) for name, of in answers.items()}


@dataclass(frozen=True, eq=False)
class Sample:
    """Its raw inputs by name, None where absent, what the graph takes of them, (1, ...), and what
    its labels are, where they are known."""

    sources: Mapping[str, Any]
    feed: Feed
    truth: Mapping[str, str]
    title: str

    @property
    def present(self) -> list[str]:
        return [name for name, source in self.sources.items() if source is not None]


def usual_of(
    run: Run, rows: Manifest | str | os.PathLike[str] | None = None, count: int = USUAL
) -> Usual:
    """Some rows, drawn at random, of the run's own manifest or of another one.

    Raises FileNotFoundError where the run's manifest is gone.
    """
    manifest = manifest_of(run, rows)
    count = min(count, len(manifest))
    chosen = np.sort(np.random.default_rng(0).choice(len(manifest), count, replace=False))
    some = manifest.rows(chosen)
    return Usual(run, prepare(some, run.recipe, run.tokenizer_json, keep_unlabelled=True))


def manifest_of(run: Run, rows: Manifest | str | os.PathLike[str] | None) -> Manifest:
    """The one given, or the run's own. Raises FileNotFoundError where that is gone."""
    if isinstance(rows, Manifest):
        return rows
    try:
        return run.manifest(rows)
    except FileNotFoundError as error:
        if rows is not None:
            raise
        raise FileNotFoundError(
            f"{error}; an explanation compares with rows of the run's manifest: name one with the "
            "same columns, rows=, --data"
        ) from error


def of_line(run: Run, manifest: Manifest, line: int) -> Sample:
    """The row on a line of the manifest.

    Raises ValueError for a line without a row, and for a row that cannot be read.
    """
    if line not in manifest.lines:
        near = sorted(manifest.lines, key=lambda other: (abs(other - line), other))[:3]
        raise ValueError(
            f"{manifest.path}: no row on line {line}; rows near it are on "
            f"{', '.join(map(str, sorted(near)))}"
        )
    one = manifest.on_lines([line])
    sources = {n: of for n, of in one.sources(0).items() if n in run.recipe.inputs}
    truth = {name: one.cells(name)[0] for name in run.recipe.outputs if name in one.targets}
    known = {name: label for name, label in truth.items() if label}
    return _sample(run, sources, known, f"line {line} of {manifest.path.name}")


def of_sources(run: Run, sources: Mapping[str, Any]) -> Sample:
    """Raw inputs by name: paths, texts, or what else the device's loaders take."""
    return _sample(run, sources, {}, "")


def _sample(run: Run, sources: Mapping[str, Any], truth: Mapping[str, str], title: str) -> Sample:
    recipe = run.recipe
    tokenizer = read_tokenizer(run.tokenizer_json) if run.tokenizer_json else None
    feed = load_sample(sources, recipe.specs, recipe.optional, tokenizer)
    named = {name: sources.get(name) for name in recipe.inputs}
    return Sample(named, {name: np.asarray(of)[None] for name, of in feed.items()}, truth, title)


def answer(run: Run, feed: Feed) -> dict[str, np.ndarray]:
    """What the model answers, (B, values) by output, some rows at a time."""
    count = len(next(iter(feed.values())))
    parts = []
    for first in range(0, count, BATCH):
        some = {name: of[first : first + BATCH] for name, of in feed.items()}
        answers = run.model({n: ops.convert_to_tensor(of) for n, of in some.items()})
        parts.append({name: ops.convert_to_numpy(of) for name, of in answers.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def repeated(feed: Feed, count: int) -> dict[str, np.ndarray]:
    """One sample as so many rows."""
    return {name: np.repeat(of, count, axis=0) for name, of in feed.items()}


def without(usual: Usual, feed: Feed, name: str) -> dict[str, np.ndarray]:
    """The same rows without an input: absent where it may be, else what says nothing."""
    gone = np.broadcast_to(usual.nothing[name], feed[name].shape)
    if name not in usual.run.recipe.optional:
        return {**feed, name: gone}
    present = np.zeros_like(feed[presence_name(name)])
    return {**feed, name: np.zeros_like(feed[name]), presence_name(name): present}
