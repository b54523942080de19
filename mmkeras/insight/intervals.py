"""Between which figures the truth lies: the bootstrap, by percentiles.

Rows of one group, as one thing seen in six languages, are no six things: with groups, whole groups
are drawn, and the interval is as wide as it should be. Efron and Tibshirani, "An introduction to
the bootstrap", 1993, chapters 8 and 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mmkeras.heads import HEADS
from mmkeras.insight.weighted import weighted

ROUNDS = 1_000
LEVEL = 0.95
RULE_OF_THREE = 3.0  # -log(1 - LEVEL), rounded up
CELLS = 1 << 22  # weights that are held at once: 16 MB


class Span(NamedTuple):
    """An interval."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:.4g} to {self.high:.4g}"


class Draws:
    """Rows drawn with replacement, as often as there are rows: the same for every measure.

    `groups` names the group of each row, (N,); an empty name is a group of its own.
    """

    def __init__(
        self, rows: int, groups: Sequence[str] | None = None, rounds: int = ROUNDS, seed: int = 0
    ):
        if rounds < 2 or rows < 1:
            raise ValueError(f"wanted rows, and two rounds or more. Received: {rows}, {rounds}")
        self.rounds, self.seed = rounds, seed
        places = np.arange(rows)
        if groups is not None:
            names = [name or f"\0{i}" for i, name in enumerate(groups)]
            places = np.unique(names, return_inverse=True)[1]
        self._places, self._count = places, int(places.max()) + 1
        self._kept: list[np.ndarray] = []  # where all fit into one batch, for the next output

    def units(self, rows: np.ndarray | None = None) -> int:
        """How many independent rows or groups there are, of all rows or of some, bool (N,)."""
        return len(np.unique(self._places if rows is None else self._places[rows]))

    def batches(self) -> Iterator[np.ndarray]:
        """Weights, (some rounds, N) float32, as many as fit into memory."""
        random = np.random.default_rng(self.seed)
        size = max(CELLS // len(self._places), 1)
        if self.rounds <= size:
            self._kept = self._kept or [self._weights(random, self.rounds)]
            yield from self._kept
            return
        for first in range(0, self.rounds, size):
            yield self._weights(random, min(size, self.rounds - first))

    def _weights(self, random: np.random.Generator, rounds: int) -> np.ndarray:
        count = self._count
        drawn = random.integers(0, count, (rounds, count), np.uint32)
        places = drawn + np.arange(rounds)[:, None] * count
        counts = np.bincount(places.ravel(), minlength=rounds * count)
        weights = counts.reshape(rounds, -1).astype(np.float32)
        return weights if count == len(self._places) else weights[:, self._places]


def intervals_of(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, known: np.ndarray, draws: Draws
) -> dict[str, Span]:
    """The interval of each measure of an output's kind over the rows that have its label.

    `known` says which of the drawn rows those are, bool (N,); `truth` and `outputs` are of them
    alone. A measure that has no value is left out.
    """
    found: dict[str, list[np.ndarray]] = {m.name: [] for m in HEADS[spec.kind].measures}
    for weights in draws.batches() if known.any() else ():
        counted = weights if known.all() else weights[:, known]
        some = counted.sum(axis=1) > 0
        counted = counted if some.all() else counted[some]
        for measure in HEADS[spec.kind].measures:
            found[measure.name].append(weighted(measure, spec, truth, outputs, counted))
    units = draws.units(known)
    spans = {name: span_of(np.concatenate(of), units) for name, of in found.items() if of}
    return {name: span for name, span in spans.items() if np.isfinite(span).all()}


def span_of(values: np.ndarray, units: int, level: float = LEVEL) -> Span:
    """The middle `level` of some figures, those that are numbers; NaN where none is.

    Where all are 1, or all 0, drawing again cannot tell how often else: of n independent rows or
    groups without a failure, up to 3 / n may be. Hanley and Lippman-Hand, JAMA 1983.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return Span(np.nan, np.nan)
    low, high = map(float, np.quantile(values, ((1 - level) / 2, (1 + level) / 2)))
    if low == high == 1.0:
        low = max(1.0 - RULE_OF_THREE / units, 0.0)
    elif low == high == 0.0:
        high = min(RULE_OF_THREE / units, 1.0)
    return Span(low, high)
