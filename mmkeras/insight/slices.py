"""For whom it works: the figure over the rows of each value of a manifest's column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.intervals import Draws, Span, span_of
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject
from mmkeras.insight.weighted import weighted
from mmkeras.manifest import Manifest
from mmkeras_edge.inputs import pick

MOST = 12  # values of a column that are told apart, the most frequent; the rest are "others"
QUARTERS = 4  # of a column of many numbers
EMPTY, OTHERS = "(empty)", "(others)"


@dataclass(frozen=True)
class Slice:
    """Some rows: the figure with its interval, of 95 percent."""

    value: str
    rows: int
    figure: float
    interval: Span

    def differs(self, whole: float) -> bool:
        """Whether chance alone hardly explains it."""
        return not self.interval.low <= whole <= self.interval.high


@dataclass(frozen=True)
class Slices:
    """By column, its values, the worst first."""

    measure: str
    higher: bool  # is better
    whole: float
    columns: dict[str, tuple[Slice, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal; * where all rows together lie outside of the interval."""
        head = f"{title}: {self.measure.replace('_', ' ')} {figure(self.whole)} over all rows"
        table = grid("column", "value", right=("rows", "", "95%"))
        for name, slices in self.columns.items():
            for i, each in enumerate(slices):
                mark = "*" if each.differs(self.whole) else " "
                cells = (str(each.rows), figure(each.figure), f"{each.interval}{mark}")
                table.add_row("" if i else name, each.value, *cells)
        return titled(head, table)


def slices(subject: Subject) -> dict[str, Slices]:
    """Of each output by the columns of the options; without any, by what of the inputs is there."""
    return {known.name: _slices(subject, known) for known in subject.every()}


def _slices(subject: Subject, known: Known) -> Slices:
    manifest = subject.data.manifest.rows(known.rows)
    columns = {name: values_of(manifest, name) for name in subject.options.columns}
    if not columns:
        columns = {"inputs": _inputs(subject, known)}
    found = {}
    for name, values in columns.items():
        of = [_slice(known, value, values == value, subject) for value in np.unique(values)]
        sign = 1 if known.measure.higher else -1
        found[name] = tuple(sorted(of, key=lambda each: sign * each.figure))
    return Slices(known.measure.name, known.measure.higher, known.figure, found)


def values_of(manifest: Manifest, column: str) -> np.ndarray:
    """The slice that each row is in, (N,): its cell, or the quarter that its number lies in."""
    pick(dict.fromkeys(manifest.table.columns), column, f"column of {manifest.path}:")
    cells = np.array([cell or EMPTY for cell in manifest.table[column]], object)
    names, counts = np.unique(cells, return_counts=True)
    if len(names) <= MOST:
        return cells
    try:
        numbers = np.array([float(cell) if cell != EMPTY else np.nan for cell in cells])
    except ValueError:
        frequent = set(names[np.argsort(-counts, kind="stable")][: MOST - 1])
        return np.array([cell if cell in frequent else OTHERS for cell in cells], object)
    known = np.isfinite(numbers)
    edges = np.unique(np.quantile(numbers[known], np.arange(1, QUARTERS) / QUARTERS))
    ends = np.concatenate([[numbers[known].min()], edges, [numbers[known].max()]])
    spans = [f"{low:g} to {high:g}" for low, high in pairwise(ends)]
    places = np.searchsorted(edges, numbers, "left")
    pairs = zip(known, places, strict=True)
    return np.array([spans[place] if there else EMPTY for there, place in pairs], object)


def _inputs(subject: Subject, known: Known) -> np.ndarray:
    """Which inputs each row has: "image + text"."""
    there = {n: c.present(known.rows) > 0 for n, c in subject.data.inputs.items()}
    rows = zip(*there.values(), strict=True)
    named = [" + ".join(n for n, has in zip(there, row, strict=True) if has) for row in rows]
    return np.array(named, object)


def _slice(known: Known, value: str, here: np.ndarray, subject: Subject) -> Slice:
    truth, outputs = known.truth[here], known.outputs[here]
    groups = None
    if known.groups is not None:
        groups = [name for name, of in zip(known.groups, here, strict=True) if of]
    draws = Draws(len(truth), groups, subject.options.rounds, subject.options.seed)
    figures = [weighted(known.measure, known.spec, truth, outputs, w) for w in draws.batches()]
    whole = known.measure.of(known.spec, truth, outputs)
    return Slice(str(value), len(truth), whole, span_of(np.concatenate(figures), draws.units()))
