"""From which probability on to say yes, when a missed yes and a false one cost not alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject


@dataclass(frozen=True)
class Choice:
    """A label's threshold: the cheapest on these rows, and the one it has; costs are of a row.

    `cost` is by threshold, over all that make a difference.
    """

    label: str
    threshold: float
    least: float
    now: float
    cost_now: float
    thresholds: tuple[float, ...]
    cost: tuple[float, ...]


@dataclass(frozen=True)
class Thresholds:
    """What a missed yes and a false alarm cost, and the choice for each label; `right` is what a
    no and a yes cost that are right."""

    missed: float
    alarm: float
    labels: tuple[Choice, ...]
    right: tuple[float, float] = (0.0, 0.0)

    @property
    def by_theory(self) -> float:
        """The best threshold of probabilities that are what they say: Elkan, IJCAI 2001, eq. 2."""
        no, yes = self.right
        return (self.alarm - no) / (self.alarm - no + self.missed - yes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**plain(self), "by_theory": self.by_theory}

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        head = (
            f"{title}: thresholds, if a missed yes costs {self.missed:g} and a false one "
            f"{self.alarm:g} (well calibrated: {self.by_theory:.2f})"
        )
        table = grid("", right=("cheapest", "costs a row", "now", "costs a row"))
        for each in self.labels:
            numbers = (each.threshold, each.least, each.now, each.cost_now)
            table.add_row(each.label, *map(figure, numbers))
        return titled(head, table)


def thresholds(subject: Subject) -> dict[str, Thresholds]:
    """Of each output of yes and no. Choose on validation rows, judge on others."""
    options, found = subject.options, {}
    for known in subject.every("binary", "multilabel"):
        if known.name in options.costs:
            (no, alarm), (missed, yes) = options.costs[known.name].array(known.spec.labels)
            found[known.name] = thresholds_of(known, float(missed), float(alarm), (no, yes))
        else:
            found[known.name] = thresholds_of(known, options.missed, options.alarm)
    return found


def thresholds_of(
    known: Known,
    missed: float = 1.0,
    alarm: float = 1.0,
    right: tuple[float, float] = (0.0, 0.0),
) -> Thresholds:
    """Of one output."""
    spec = known.spec
    now = getattr(spec, "thresholds", None) or (spec.threshold,)
    names = spec.labels[-known.outputs.shape[1] :]
    columns = zip(names, known.truth.T > 0, known.outputs.T, now, strict=True)
    no, yes = map(float, right)
    matrix = np.array([[no, alarm], [missed, yes]])  # (right, said)
    return Thresholds(missed, alarm, tuple(_choice(*each, matrix) for each in columns), (no, yes))


def _choice(
    label: str, truth: np.ndarray, scores: np.ndarray, now: float, matrix: np.ndarray
) -> Choice:
    """Between two scores all thresholds are alike: their middle stands for them."""
    values, places = np.unique(scores.astype(np.float64), return_inverse=True)
    edges = np.concatenate(
        [[values[0] / 2], (values[1:] + values[:-1]) / 2, [(values[-1] + 1) / 2]]
    )
    yes = np.bincount(places, weights=truth, minlength=len(values))
    no = np.bincount(places, weights=~truth, minlength=len(values))
    below_yes = np.concatenate([[0], np.cumsum(yes)])  # missed from this threshold on
    above_no = no.sum() - np.concatenate([[0], np.cumsum(no)])
    missed, alarm = matrix[1, 0] - matrix[1, 1], matrix[0, 1] - matrix[0, 0]  # beyond the right
    all_right = matrix[1, 1] * truth.sum() + matrix[0, 0] * (~truth).sum()
    cost = (missed * below_yes + alarm * above_no + all_right) / len(truth)
    best = int(np.argmin(cost))
    said = scores >= np.float32(now)
    cost_now = float(matrix[truth.astype(int), said.astype(int)].mean())
    points = tuple(map(float, edges)), tuple(map(float, cost))
    return Choice(label, float(edges[best]), float(cost[best]), float(now), cost_now, *points)
