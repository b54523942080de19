"""What to say of several labels when wrong answers cost not alike: what costs least as expected,
not what is most probable. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.costs import Costs
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject


@dataclass(frozen=True)
class Said:
    """A label: in how many rows it is right, the most probable, the cheapest."""

    label: str
    occurs: int
    probable: int
    cheapest: int


@dataclass(frozen=True)
class Decisions:
    """Costs of a row, in the mean, by how the answer is chosen: the most probable label, the one
    that costs least as expected, and always `always`, the best single label."""

    probable: float
    cheapest: float
    constant: float
    always: str
    labels: tuple[Said, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        head = (
            f"{title}: a row costs {figure(self.cheapest)} if the cheapest label is said, "
            f"{figure(self.probable)} if the most probable is, {figure(self.constant)} if always "
            f"{self.always}"
        )
        table = grid("", right=("is", "most probable", "cheapest"))
        for each in self.labels:
            table.add_row(each.label, *map(str, (each.occurs, each.probable, each.cheapest)))
        return titled(head, table)


def decisions(subject: Subject) -> dict[str, Decisions]:
    """Of each output of classes for which `options.costs` has a matrix. It is as good as the
    probabilities are: calibrate first."""
    costs = subject.options.costs
    return {
        known.name: decisions_of(known, costs[known.name])
        for known in subject.every("classify", "ordinal")
        if known.name in costs
    }


def decisions_of(known: Known, costs: Costs) -> Decisions:
    """Of one output."""
    labels = known.spec.labels
    matrix, truth = costs.array(labels), known.truth.reshape(-1).astype(int)  # (right, said), (N,)
    probable = known.outputs.argmax(axis=1)
    cheapest = cheapest_of(known.outputs, matrix)
    of_constant = matrix[truth].mean(axis=0)  # (said,)
    best = int(of_constant.argmin())
    counts = [np.bincount(of, minlength=len(labels)) for of in (truth, probable, cheapest)]
    return Decisions(
        probable=float(matrix[truth, probable].mean()),
        cheapest=float(matrix[truth, cheapest].mean()),
        constant=float(of_constant[best]),
        always=labels[best],
        labels=tuple(Said(n, *map(int, of)) for n, *of in zip(labels, *counts, strict=True)),
    )


def cheapest_of(probabilities: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The label whose expected cost is least, (N, labels) and (right, said) -> (N,).

    >>> cheapest_of(np.array([[0.9, 0.1]]), np.array([[0.0, 1.0], [20.0, 0.0]]))
    array([1])
    """
    return (probabilities.astype(np.float64) @ matrix).argmin(axis=1)
