"""How an output reads: specs that travel in the card, and what they make of the graph's numbers.

`scale` is what a difference between two answers is measured in: 1 for probabilities, the standard
deviation of the training labels for what has a unit.

`answer` gives what a graph's numbers stand for, a row or many: probabilities under the temperature
that was found after the training. A reading is not `sure` whose label is less probable than
`unsure_below`, or whose interval is wider than `unsure_above`; 0 for none such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mmkeras_edge.readings import Interval, Scores, Tags, Value
from mmkeras_edge.tempering import check_limit, check_temperature, tempered, tempered_each

# An interval of 90 percent of a normal distribution: its mean, and 1.645 deviations to both sides.
NORMAL_LEVELS = (0.05, 0.5, 0.95)
NORMAL_ENDS = 1.6448536


def _settled(spec: OutputSpec) -> str:
    """What was found after the training, for `about`."""
    temperature = getattr(spec, "temperature", 1.0)
    below, above = getattr(spec, "unsure_below", 0.0), getattr(spec, "unsure_above", 0.0)
    return (
        (f"; temperature {temperature:.3g}" if temperature != 1.0 else "")
        + (f"; unsure below {below:.3g}" if below else "")
        + (f"; unsure where wider than {above:.3g}" if above else "")
    )


@dataclass(frozen=True)
class ClassifySpec:
    """One of several classes: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "classify"
    scale: ClassVar[float] = 1.0
    labels: tuple[str, ...] = ()
    temperature: float = 1.0
    unsure_below: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        check_temperature(self.kind, self.temperature)
        check_limit(self.kind, "unsure_below", self.unsure_below, 1.0)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.labels),)

    @property
    def about(self) -> str:
        return f"{len(self.labels)} labels: {', '.join(self.labels)}{_settled(self)}"

    def answer(self, values: np.ndarray) -> np.ndarray:
        return tempered(values, self.temperature)

    def read(self, values: np.ndarray) -> Scores:
        return Scores(self.labels, self.answer(values), unsure_below=self.unsure_below)


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
    temperature: float = 1.0
    unsure_below: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        check_temperature(self.kind, self.temperature)
        check_limit(self.kind, "unsure_below", self.unsure_below, 1.0)

    @property
    def shape(self) -> tuple[int, ...]:
        return (1,)

    @property
    def about(self) -> str:
        no, yes = self.labels
        return f"{no} or {yes}, the latter from {self.threshold:g} on{_settled(self)}"

    def answer(self, values: np.ndarray) -> np.ndarray:
        return tempered_each(values, self.temperature)

    def read(self, values: np.ndarray) -> Scores:
        yes = self.answer(values)[0]
        both = np.array([1.0 - yes, yes])
        return Scores(self.labels, both, self.threshold, self.unsure_below)


@dataclass(frozen=True)
class MultiLabelSpec:
    """Any of several labels: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "multilabel"
    scale: ClassVar[float] = 1.0
    labels: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()
    temperature: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "thresholds", tuple(self.thresholds))
        check_temperature(self.kind, self.temperature)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.labels),)

    @property
    def about(self) -> str:
        pairs = zip(self.labels, self.thresholds, strict=True)
        each = ", ".join(f"{label} from {threshold:g} on" for label, threshold in pairs)
        return f"any of {len(self.labels)} labels: {each}{_settled(self)}"

    def answer(self, values: np.ndarray) -> np.ndarray:
        return tempered_each(values, self.temperature)

    def read(self, values: np.ndarray) -> Tags:
        return Tags(self.labels, self.answer(values), self.thresholds)


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

    def answer(self, values: np.ndarray) -> np.ndarray:
        return values

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

    def answer(self, values: np.ndarray) -> np.ndarray:
        return values

    def read(self, values: np.ndarray) -> Value:
        return Value(float(values[0]))


@dataclass(frozen=True)
class GaussianSpec:
    """A number with its uncertainty: mean and standard deviation, float32, (2,)."""

    kind: ClassVar[str] = "gaussian"
    unit: str = ""
    scale: float = 1.0
    unsure_above: float = 0.0

    def __post_init__(self) -> None:
        check_limit(self.kind, "unsure_above", self.unsure_above)

    @property
    def shape(self) -> tuple[int, ...]:
        return (2,)

    @property
    def about(self) -> str:
        unit = f" in {self.unit}" if self.unit else ""
        return f"mean and standard deviation{unit}{_settled(self)}"

    def answer(self, values: np.ndarray) -> np.ndarray:
        return values

    def read(self, values: np.ndarray) -> Interval:
        mean, reach = float(values[0]), NORMAL_ENDS * float(values[1])
        ends = (mean - reach, mean, mean + reach)
        return Interval(NORMAL_LEVELS, ends, self.unit, self.unsure_above)


@dataclass(frozen=True)
class QuantilesSpec:
    """A number by its quantiles, rising: float32, (levels,)."""

    kind: ClassVar[str] = "quantiles"
    levels: tuple[float, ...] = (0.1, 0.5, 0.9)
    unit: str = ""
    scale: float = 1.0
    unsure_above: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        check_limit(self.kind, "unsure_above", self.unsure_above)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.levels),)

    @property
    def about(self) -> str:
        levels = ", ".join(f"{level:g}" for level in self.levels)
        return f"at {levels}{f' in {self.unit}' if self.unit else ''}{_settled(self)}"

    def answer(self, values: np.ndarray) -> np.ndarray:
        return values

    def read(self, values: np.ndarray) -> Interval:
        return Interval(self.levels, tuple(map(float, values)), self.unit, self.unsure_above)


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
