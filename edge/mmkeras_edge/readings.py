"""What a model says of one sample: labels with probabilities, tags, a value, an interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np


@dataclass(frozen=True, eq=False)
class Scores:
    """One of several labels, and the probability of each.

    The label is the most probable one; of two labels with a `threshold`, the second from that
    probability on. Less probable than `unsure_below`, it should not be acted on: then ask, or try
    again.
    """

    labels: tuple[str, ...]
    probabilities: np.ndarray  # (labels,)
    threshold: float | None = None
    unsure_below: float = 0.0

    @property
    def label(self) -> str:
        return self.top(1)[0][0]

    @property
    def sure(self) -> bool:
        """Whether the label is probable enough."""
        return self.top(1)[0][1] >= self.unsure_below

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """The label that is said, then the most probable others."""
        order = np.argsort(-self.probabilities, kind="stable")
        if self.threshold is not None:
            second = int(self.probabilities[1] >= self.threshold)
            order = np.array([second, 1 - second])
        return [(self.labels[i], float(self.probabilities[i])) for i in order[:count]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: label to probability, in the order of `top`."""
        return dict(self.top(len(self.labels)))

    def rows(self, count: int = 3) -> list[tuple[str, str]]:
        """Two cells a line, for a terminal."""
        lines = [(label, f"{probability:.3f}") for label, probability in self.top(count)]
        return lines if self.sure else [_unsure(lines[0]), *lines[1:]]

    def __repr__(self) -> str:
        said = ", ".join(f"{label} {score:.2f}" for label, score in self.top())
        return said if self.sure else f"unsure: {said}"


@dataclass(frozen=True, eq=False)
class Tags:
    """Any of several labels: those whose probability reaches their threshold.

    Iterates over them: `"cat" in tags`, `list(tags)`.
    """

    labels: tuple[str, ...]
    probabilities: np.ndarray  # (labels,)
    thresholds: tuple[float, ...]

    sure: ClassVar[bool] = True

    @property
    def chosen(self) -> tuple[str, ...]:
        """The labels that apply, in the model's order."""
        return tuple(
            label
            for label, probability, threshold in zip(
                self.labels, self.probabilities, self.thresholds, strict=True
            )
            if probability >= threshold
        )

    def top(self, count: int = 3) -> list[tuple[str, float]]:
        """The most probable labels, best first, whether they apply or not."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [(self.labels[i], float(self.probabilities[i])) for i in order]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what applies, and every label's probability."""
        return {"labels": list(self.chosen), "probabilities": dict(self.top(len(self.labels)))}

    def rows(self, count: int = 3) -> list[tuple[str, str]]:
        """Two cells a line, for a terminal; all that applies, and `count` lines if less does."""
        best = self.top(max(count, len(self.chosen)))
        return [(n, f"{p:.3f}{' yes' if n in self.chosen else ' no'}") for n, p in best]

    def __iter__(self) -> Iterator[str]:
        return iter(self.chosen)

    def __len__(self) -> int:
        return len(self.chosen)

    def __repr__(self) -> str:
        scores = dict(self.top(len(self.labels)))
        return ", ".join(f"{n} {p:.2f}" for n, p in scores.items() if n in self.chosen) or "none"


@dataclass(frozen=True)
class Value:
    """A number in its unit; `float(value)` is the number, `f"{value:.2f}"` both as a text."""

    sure: ClassVar[bool] = True
    value: float
    unit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"value": self.value, "unit": self.unit}

    def rows(self, count: int = 3) -> list[tuple[str, str]]:
        """Two cells a line, for a terminal."""
        return [(digits(self.value), self.unit)]

    def __float__(self) -> float:
        return self.value

    def __format__(self, how: str) -> str:
        return f"{self.value:{how}} {self.unit}".strip() if how else repr(self)

    def __repr__(self) -> str:
        return f"{digits(self.value)} {self.unit}".strip()


@dataclass(frozen=True)
class Interval:
    """Where a number lies: `values[i]` is above it with probability `levels[i]`, both rising.

    Wider than `unsure_above`, unless that is 0, it should not be acted on.
    """

    levels: tuple[float, ...]
    values: tuple[float, ...]
    unit: str = ""
    unsure_above: float = 0.0

    @property
    def value(self) -> float:
        """The one nearest to the median."""
        return self.values[central(self.levels)]

    @property
    def sure(self) -> bool:
        """Whether it is narrow enough."""
        return not self.unsure_above or self.high - self.low <= self.unsure_above

    @property
    def low(self) -> float:
        return self.values[0]

    @property
    def high(self) -> float:
        return self.values[-1]

    @property
    def share(self) -> float:
        """How probable it is that the number lies between `low` and `high`, by the model."""
        return self.levels[-1] - self.levels[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        quantiles = {f"{level:g}": v for level, v in zip(self.levels, self.values, strict=True)}
        return {"value": self.value, "unit": self.unit, "quantiles": quantiles}

    def rows(self, count: int = 3) -> list[tuple[str, str]]:
        """Two cells a line, for a terminal."""
        first = (digits(self.value), self.unit)
        ends = (f"{digits(self.low)} to {digits(self.high)}", f"{self.share:.0%}")
        return [first if self.sure else _unsure(first), ends]

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        (number, unit), (ends, share) = self.rows()
        return f"{f'{number} {unit}'.strip()} ({share}: {ends})"


Reading = Scores | Tags | Value | Interval


def _unsure(cells: tuple[str, str]) -> tuple[str, str]:
    name, value = cells
    return name, f"{value} unsure".strip()


def central(levels: tuple[float, ...]) -> int:
    """The place of the level nearest to the median."""
    return min(range(len(levels)), key=lambda i: abs(levels[i] - 0.5))


def digits(value: float) -> str:
    """Four significant digits, never with an exponent.

    >>> digits(0.0123456), digits(123456.0), digits(12.0)
    ('0.01235', '123500', '12')
    """
    return np.format_float_positional(value, precision=4, fractional=False, trim="-")
