"""The samples to look at: where the model is most wrong, and where it is least certain."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.heads import HEADS
from mmkeras.heads.measures import number
from mmkeras.insight.merit import assurances, merits, right
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject
from mmkeras.sources import FILES
from mmkeras_edge.readings import digits

CELL = 60  # characters of a file or text in a table


@dataclass(frozen=True)
class Sample:
    """A row of the manifest: its files and texts by input, None where absent; `merit` is how good
    its answer is, `assurance` how certain (None: the output does not tell), `right` whether all
    that is said is true (None: it is a number)."""

    line: int
    row: int  # its place among the rows that were evaluated
    inputs: dict[str, Any]
    truth: str
    said: str
    merit: float
    assurance: float | None
    right: bool | None


@dataclass(frozen=True)
class Gallery:
    """Of an output: the most wrong first, and the least certain first; `kinds` are those of the
    inputs, as a manifest has them."""

    worst: tuple[Sample, ...]
    unsure: tuple[Sample, ...]
    kinds: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        table = grid("", "line", "is", "said", "merit", "files")
        for what, samples in (("most wrong", self.worst), ("least certain", self.unsure)):
            for i, each in enumerate(samples):
                files = ", ".join(
                    _told(source, self.kinds[name])
                    for name, source in each.inputs.items()
                    if source
                )
                cells = (str(each.line), each.truth, each.said, figure(each.merit), files)
                table.add_row("" if i else what, *cells)
        return titled(f"{title}: samples to look at", table)


def gallery(subject: Subject) -> dict[str, Gallery]:
    """Of each output."""
    return {known.name: _gallery(subject, known) for known in subject.every()}


def _gallery(subject: Subject, known: Known) -> Gallery:
    merit = merits(known.spec, known.truth, known.outputs)
    good = right(known.spec, known.truth, known.outputs)
    scores = assurances(known.spec, known.outputs)
    sure = next(iter(scores.values()), None)
    count = subject.options.shown
    worst = np.argsort(merit, kind="stable")
    if good is not None:
        worst = worst[~good[worst]]  # none that is right after all
    unsure = np.argsort(merit[:0] if sure is None else sure, kind="stable")

    def samples(rows: np.ndarray) -> tuple[Sample, ...]:
        firsts = _one_a_group(rows, known.groups)[:count]
        return tuple(_sample(subject, known, i, merit, sure, good) for i in firsts)

    kinds = {name: spec.kind for name, spec in subject.data.recipe.specs.items()}
    return Gallery(samples(worst), samples(unsure), kinds)


def _one_a_group(rows: np.ndarray, groups: Sequence[str] | None) -> list[int]:
    """The first of each group: six rows of one thing that fail alike are one thing to look at."""
    firsts: dict[str, int] = {}
    for row in map(int, rows):
        name = groups[row] if groups else ""
        firsts.setdefault(name or f"\0{row}", row)
    return list(firsts.values())


def _sample(
    subject: Subject,
    known: Known,
    i: int,
    merit: np.ndarray,
    sure: np.ndarray | None,
    good: np.ndarray | None,
) -> Sample:
    row, manifest = int(known.rows[i]), subject.data.manifest
    return Sample(
        line=manifest.lines[row],
        row=row,
        inputs={n: of for n, of in manifest.sources(row).items() if n in subject.data.inputs},
        truth=manifest.cells(known.name)[row],
        said=words(known.spec, known.outputs[i]),
        merit=float(merit[i]),
        assurance=None if sure is None else float(sure[i]),
        right=None if good is None else bool(good[i]),
    )


def words(spec: Any, values: np.ndarray) -> str:
    """What an answer says, (values,): its label, its labels or its number."""
    said = HEADS[spec.kind].said
    if said is None:
        return digits(float(number(spec, values[None])[0]))
    told = said(spec, values[None])[0]
    if spec.kind == "multilabel":
        return "|".join(n for n, yes in zip(spec.labels, told, strict=True) if yes) or "|"
    return spec.labels[int(np.ravel(told)[0])]


def _told(source: Any, kind: str) -> str:
    """Without the folders, which the JSON has."""
    if isinstance(source, tuple):
        return ", ".join(_told(view, kind) for view in source)
    text = os.path.basename(source) if kind in FILES else str(source)
    return textwrap.shorten(text, CELL, placeholder="...")
