"""How an output reads: specs that travel in the card, and what they make of the graph's numbers.

`scale` is what a difference between two answers is measured in: 1 for probabilities, the standard
deviation of the training labels for what has a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mmkeras_edge.readings import Interval, Scores, Tags, Value

# An interval of 90 percent of a normal distribution: its mean, and 1.645 deviations to both sides.
NORMAL_LEVELS = (0.05, 0.5, 0.95)
NORMAL_ENDS = 1.6448536


@dataclass(frozen=True)
class ClassifySpec:
    """One of several classes: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "classify"
    scale: ClassVar[float] = 1.0
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.labels),)

    @property
    def about(self) -> str:
        return f"{len(self.labels)} labels: {', '.join(self.labels)}"

    def read(self, values: np.ndarray) -> Scores:
        return Scores(self.labels, values)


@dataclass(frozen=True)
class OrdinalSpec(ClassifySpec):
    """One of several labels that have an order, lowest first: one probability a label."""

    kind: ClassVar[str] = "ordinal"


@dataclass(frozen=True)
class BinarySpec:
    """No or yes: the probability of the second label, float32, (1,); said from `threshold` on."""

    kind: ClassVar[str] = "binary"
    scale: ClassVar[float] = 1.0
    labels: tuple[str, ...] = ("no", "yes")
    threshold: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))

    @property
    def shape(self) -> tuple[int, ...]:
        return (1,)

    @property
    def about(self) -> str:
        return f"{self.labels[0]} or {self.labels[1]}, the latter from {self.threshold:g} on"

    def read(self, values: np.ndarray) -> Scores:
        return Scores(self.labels, np.array([1.0 - values[0], values[0]]), self.threshold)


@dataclass(frozen=True)
class MultiLabelSpec:
    """Any of several labels: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "multilabel"
    scale: ClassVar[float] = 1.0
    labels: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "thresholds", tuple(self.thresholds))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.labels),)

    @property
    def about(self) -> str:
        pairs = zip(self.labels, self.thresholds, strict=True)
        each = ", ".join(f"{label} from {threshold:g} on" for label, threshold in pairs)
        return f"any of {len(self.labels)} labels: {each}"

    def read(self, values: np.ndarray) -> Tags:
        return Tags(self.labels, values, self.thresholds)


@dataclass(frozen=True)
class RegressSpec:
    """A number in its unit: float32, (1,)."""

    kind: ClassVar[str] = "regress"
    unit: str = ""
    scale: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        return (1,)

    @property
    def about(self) -> str:
        return f"a number in {self.unit}" if self.unit else "a number"

    def read(self, values: np.ndarray) -> Value:
        return Value(float(values[0]), self.unit)


@dataclass(frozen=True)
class CountSpec:
    """How many: the mean of a Poisson distribution, float32, (1,)."""

    kind: ClassVar[str] = "count"
    scale: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        return (1,)

    @property
    def about(self) -> str:
        return "a count, as the mean of many"

    def read(self, values: np.ndarray) -> Value:
        return Value(float(values[0]))


@dataclass(frozen=True)
class GaussianSpec:
    """A number with its uncertainty: mean and standard deviation, float32, (2,)."""

    kind: ClassVar[str] = "gaussian"
    unit: str = ""
    scale: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        return (2,)

    @property
    def about(self) -> str:
        return f"mean and standard deviation{f' in {self.unit}' if self.unit else ''}"

    def read(self, values: np.ndarray) -> Interval:
        mean, reach = float(values[0]), NORMAL_ENDS * float(values[1])
        return Interval(NORMAL_LEVELS, (mean - reach, mean, mean + reach), self.unit)


@dataclass(frozen=True)
class QuantilesSpec:
    """A number by its quantiles, rising: float32, (levels,)."""

    kind: ClassVar[str] = "quantiles"
    levels: tuple[float, ...] = (0.1, 0.5, 0.9)
    unit: str = ""
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.levels),)

    @property
    def about(self) -> str:
        levels = ", ".join(f"{level:g}" for level in self.levels)
        return f"at {levels}{f' in {self.unit}' if self.unit else ''}"

    def read(self, values: np.ndarray) -> Interval:
        return Interval(self.levels, tuple(map(float, values)), self.unit)


OutputSpec = (
    ClassifySpec
    | BinarySpec
    | MultiLabelSpec
    | OrdinalSpec
    | RegressSpec
    | GaussianSpec
    | CountSpec
    | QuantilesSpec
)

PROBABILITIES = ("classify", "binary", "multilabel", "ordinal")  # kinds that answer with them

OUTPUT_SPECS: dict[str, type] = {  # by kind
    "classify": ClassifySpec,
    "binary": BinarySpec,
    "multilabel": MultiLabelSpec,
    "ordinal": OrdinalSpec,
    "regress": RegressSpec,
    "gaussian": GaussianSpec,
    "count": CountSpec,
    "quantiles": QuantilesSpec,
}
