"""What a model answers: one task an output, plain data.

`weight` is that of its loss, beside the other outputs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from mmkeras_edge.outputs import (
    BinarySpec,
    ClassifySpec,
    CountSpec,
    GaussianSpec,
    MultiLabelSpec,
    OrdinalSpec,
    QuantilesSpec,
    RegressSpec,
)


@dataclass(frozen=True)
class Classify:
    """One of several classes; give the labels, or how many there are."""

    kind: ClassVar[str] = "classify"
    labels: Iterable[str] | int
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _labels("Classify", self.labels))

    @property
    def spec(self) -> ClassifySpec:
        return ClassifySpec(_as_tuple(self.labels))


@dataclass(frozen=True)
class Binary:
    """No or yes; `labels` are (no, yes), and yes is said from a probability of `threshold` on."""

    kind: ClassVar[str] = "binary"
    labels: Iterable[str] = ("no", "yes")
    threshold: float = 0.5
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _labels("Binary", self.labels))
        if len(_as_tuple(self.labels)) != 2:
            raise ValueError(f"Binary wants the labels (no, yes). Received: {self.labels!r}")
        _check_share("Binary", "threshold", self.threshold)

    @property
    def spec(self) -> BinarySpec:
        return BinarySpec(_as_tuple(self.labels), self.threshold)


@dataclass(frozen=True)
class MultiLabel:
    """Any of several labels, each from its threshold on: one number for all, or one a label."""

    kind: ClassVar[str] = "multilabel"
    labels: Iterable[str] | int
    threshold: float | Iterable[float] = 0.5
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _labels("MultiLabel", self.labels))
        if not isinstance(self.threshold, int | float):
            object.__setattr__(self, "threshold", tuple(self.threshold))
        thresholds, count = self._thresholds, len(_as_tuple(self.labels))
        if len(thresholds) != count:
            raise ValueError(
                f"MultiLabel wants one threshold, or one for each of {count} labels. "
                f"Received: {len(thresholds)}"
            )
        for threshold in thresholds:
            _check_share("MultiLabel", "threshold", threshold)

    @property
    def _thresholds(self) -> tuple[float, ...]:
        """One a label."""
        if isinstance(self.threshold, int | float):
            return (self.threshold,) * len(_as_tuple(self.labels))
        return tuple(self.threshold)

    @property
    def spec(self) -> MultiLabelSpec:
        return MultiLabelSpec(_as_tuple(self.labels), self._thresholds)


@dataclass(frozen=True)
class Ordinal:
    """One of several labels that have an order, lowest first: grades, sizes, stages."""

    kind: ClassVar[str] = "ordinal"
    labels: Iterable[str] | int
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _labels("Ordinal", self.labels))

    @property
    def spec(self) -> OrdinalSpec:
        return OrdinalSpec(_as_tuple(self.labels))


@dataclass(frozen=True)
class Regress:
    """A number, in `unit`, which is only shown."""

    kind: ClassVar[str] = "regress"
    unit: str = ""
    weight: float = 1.0

    @property
    def spec(self) -> RegressSpec:
        return RegressSpec(self.unit)


@dataclass(frozen=True)
class Gaussian:
    """A number and how uncertain it is: the mean and standard deviation of a normal one."""

    kind: ClassVar[str] = "gaussian"
    unit: str = ""
    weight: float = 1.0

    @property
    def spec(self) -> GaussianSpec:
        return GaussianSpec(self.unit)


@dataclass(frozen=True)
class Count:
    """How many: the mean of a Poisson distribution."""

    kind: ClassVar[str] = "count"
    weight: float = 1.0

    @property
    def spec(self) -> CountSpec:
        return CountSpec()


@dataclass(frozen=True)
class Quantiles:
    """A number by its quantiles: the truth is below each with the probability of its level."""

    kind: ClassVar[str] = "quantiles"
    levels: tuple[float, ...] = (0.1, 0.5, 0.9)
    unit: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", tuple(self.levels))
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise ValueError(f"Quantiles wants levels that rise. Received: {self.levels}")
        for level in self.levels:
            _check_share("Quantiles", "levels", level)

    @property
    def spec(self) -> QuantilesSpec:
        return QuantilesSpec(self.levels, self.unit)


Task = Classify | Binary | MultiLabel | Ordinal | Regress | Gaussian | Count | Quantiles

TASKS: dict[str, type] = {  # by kind
    "classify": Classify,
    "binary": Binary,
    "multilabel": MultiLabel,
    "ordinal": Ordinal,
    "regress": Regress,
    "gaussian": Gaussian,
    "count": Count,
    "quantiles": Quantiles,
}


def _labels(task: str, given: Iterable[str] | int) -> tuple[str, ...]:
    labels = tuple(map(str, range(given) if isinstance(given, int) else given))
    if isinstance(given, str) or len(set(labels)) != len(labels) or len(labels) < 2:
        raise ValueError(f"{task} wants two or more different labels. Received: {given!r}")
    return labels


def _as_tuple(labels: Iterable[str] | int) -> tuple[str, ...]:
    assert isinstance(labels, tuple)  # __post_init__ saw to it
    return labels


def _check_share(task: str, what: str, value: float) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{task} wants {what} above 0 and below 1. Received: {value!r}")
