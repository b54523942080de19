"""A kernel in training under a mask, by what decides which of its weights stay.

Mask, scores and values are variables of the optimizer, the rule a part of its step: see
`mmkeras_export.shrinking.holding`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from keras import ops

from mmkeras_export.shrinking.holding import Hold
from mmkeras_export.shrinking.kernels import Kernel


class Magnitude:
    """A kernel under a mask, w ← w ⊙ mask after each step, and the dearest are the largest."""

    def __init__(self, hold: Hold, kernel: Kernel):
        self._weight = kernel.variable
        self._averages = hold.averages(kernel.variable)
        self.mask = hold.like(kernel.variable, "mask", stays(kernel))
        hold.rule(kernel.variable, self._masked)

    def _masked(self, values: Any) -> Any:
        for average in self._averages:  # of weights before they were masked
            average.assign(average * self.mask)
        return values * self.mask

    def scores(self) -> np.ndarray:
        """What each weight is worth."""
        return np.abs(np.asarray(ops.convert_to_numpy(self._weight), np.float32))

    def choose(self, mask: np.ndarray) -> None:
        """From now on these weights stay, but for what is zero already."""
        self.mask.assign(self.mask * mask.astype(np.float32))
        self._weight.assign(self._masked(self._weight))


class Movement:
    """A kernel v of which w = v ⊙ mask is used, and the dearest move away from zero."""

    def __init__(self, hold: Hold, kernel: Kernel):
        self._weight = kernel.variable
        self._averages = hold.averages(kernel.variable)
        self.mask = hold.like(kernel.variable, "mask", stays(kernel))
        self._score = hold.like(kernel.variable, "movement", np.zeros(kernel.variable.shape))
        self._value = hold.like(kernel.variable, "value", kernel.variable)
        hold.rule(kernel.variable, self._moved)

    def _moved(self, values: Any) -> Any:
        """S ← S + v Δw; v ← v + Δw where the mask lets it; w ← v ⊙ mask."""
        before = self.mask * self._value
        self._score.assign(self._score + self._value * (values - before))
        self._value.assign(self._value + self.mask * (values - before))
        for average in self._averages:  # of weights before they were masked
            average.assign(average * self.mask)
        return self.mask * self._value

    def scores(self) -> np.ndarray:
        """What each weight is worth; its size, before any has moved."""
        scores = np.asarray(ops.convert_to_numpy(self._score), np.float32)
        if scores.any():
            return scores
        return np.abs(np.asarray(ops.convert_to_numpy(self._value), np.float32))

    def choose(self, mask: np.ndarray) -> None:
        """From now on these weights stay; those that come back have the value they left with."""
        self.mask.assign(mask.astype(np.float32))
        self._weight.assign(self._value * self.mask)
        for average in self._averages:
            average.assign(average * self.mask)


Held = Magnitude | Movement
CRITERIA: dict[str, type[Magnitude] | type[Movement]] = {
    "magnitude": Magnitude,
    "movement": Movement,
}


def stays(kernel: Kernel) -> np.ndarray:
    """The mask that a kernel comes with: what is zero stays so, unless all of it is."""
    mask = kernel.numpy() != 0
    return mask if mask.any() else ~mask


def zeros_share(held: Iterable[Held]) -> float:
    """Of all the weights under masks."""
    means = [(float(ops.mean(each.mask)), math.prod(each.mask.shape)) for each in held]
    return 1 - sum(mean * size for mean, size in means) / sum(size for _, size in means)
