"""When how many weights become zero: plain values, called with a step as tfmot's own are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmkeras_export.shrinking.masks import n_of_m

# Whether new masks are due at a step, and the sparsity that they are to have. The schedules of
# tensorflow-model-optimization, `PolynomialDecay` and `ConstantSparsity`, answer the same way.
Schedule = Callable[[int], tuple[Any, Any]]


@dataclass(frozen=True)
class Constant:
    """The same sparsity from `begin_step` on: a share of zeros, or "N:M".

    New masks are chosen every `frequency` steps until `end_step`, which counts; -1 for no end. What
    is zero by then stays so. Raises ValueError for steps and shares that are none.
    """

    sparsity: float | str
    begin_step: int = 0
    end_step: int = -1
    frequency: int = 100

    def __post_init__(self):
        n_of_m(self.sparsity)
        _check(self.begin_step, self.end_step, self.frequency)
        if self.end_step != -1:
            _check_order(self.begin_step, self.end_step)

    def __call__(self, step: int) -> tuple[bool, float | str]:
        ended = self.end_step != -1 and step > self.end_step
        due = step >= self.begin_step and (step - self.begin_step) % self.frequency == 0
        return due and not ended, self.sparsity


@dataclass(frozen=True)
class Polynomial:
    """The sparsity rises from `initial` to `final`, fast while there is much to spare:

        s(t) = final + (initial - final) (1 - (t - begin) / (end - begin))^power

    Zhu and Gupta, "To prune, or not to prune", 2017, eq. 1. New masks every `frequency` steps from
    `begin_step` on, and at `end_step` whatever the frequency: the final sparsity is always reached.
    (tfmot's `PolynomialDecay` misses it where the frequency does not divide the steps.) Raises
    ValueError for steps and shares that are none.
    """

    final: float
    begin_step: int
    end_step: int
    initial: float = 0.0
    power: float = 3.0
    frequency: int = 100

    def __post_init__(self):
        _check(self.begin_step, self.end_step, self.frequency)
        _check_order(self.begin_step, self.end_step)
        for name in ("initial", "final"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} is a share of zeros, at least 0 and below 1. "
                    f"Received: {getattr(self, name)}"
                )

    def __call__(self, step: int) -> tuple[bool, float]:
        within = self.begin_step <= step <= self.end_step
        due = (step - self.begin_step) % self.frequency == 0 or step == self.end_step
        length = max(self.end_step - self.begin_step, 1)
        left = 1.0 - min(max((step - self.begin_step) / length, 0.0), 1.0)
        if step >= self.end_step:
            left = 0.0
        return within and due, self.final + (self.initial - self.final) * left**self.power


def settled(schedule: Schedule, step: int) -> bool:
    """Whether the sparsity is as high as it becomes; of an object that tells no steps, always."""
    begin, end = getattr(schedule, "begin_step", 0), getattr(schedule, "end_step", -1)
    return step >= max(begin, end)


def _check(begin_step: int, end_step: int, frequency: int) -> None:
    if begin_step < 0:
        raise ValueError(f"begin_step counts from 0. Received: {begin_step}")
    if end_step < -1:
        raise ValueError(f"end_step counts from 0. Received: {end_step}")
    if frequency < 1:
        raise ValueError(f"frequency is a number of steps, 1 or more. Received: {frequency}")


def _check_order(begin_step: int, end_step: int) -> None:
    if end_step < begin_step:
        raise ValueError(
            f"end_step comes after begin_step. Received: begin_step={begin_step}, "
            f"end_step={end_step}"
        )
