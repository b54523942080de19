"""How an output reads: specs that travel in the card, and what they make of the graph's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass(frozen=True, eq=False)
class Scores:
    """One output of one sample: a probability a label."""

    labels: tuple[str, ...]
    probabilities: np.ndarray  # (labels,)

    @property
    def label(self) -> str:
        return self.labels[int(self.probabilities.argmax())]

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """The most probable labels, best first."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.labels[i], float(self.probabilities[i])) for i in order]

    def __repr__(self) -> str:
        return ", ".join(f"{label} {score:.2f}" for label, score in self.top())


@dataclass(frozen=True)
class ClassifySpec:
    """One of several classes: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "classify"
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.labels),)

    def read(self, values: np.ndarray) -> Scores:
        return Scores(self.labels, values)


OutputSpec = ClassifySpec
OUTPUT_SPECS: dict[str, type] = {"classify": ClassifySpec}
