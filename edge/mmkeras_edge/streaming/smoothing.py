"""Answers that do not flicker: averaged over time, and said only once they clearly changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras_edge.readings import Scores


class Average:
    """An exponential mean of answers, older ones by 1/e less after each `over_s`.

    >>> average = Average(over_s=1.0)
    >>> average.add(np.array([1.0]), 0.0), average.add(np.array([0.0]), math.log(2))
    (array([1.]), array([0.5]))
    """

    def __init__(self, over_s: float):
        if not over_s >= 0:
            raise ValueError(f"smoothing: wanted seconds from 0 on, received {over_s!r}")
        self.over_s = over_s
        self._mean: np.ndarray | None = None
        self._then_s = 0.0

    def add(self, values: np.ndarray, now_s: float) -> np.ndarray:
        if self._mean is None or not self.over_s:
            self._mean = values
        else:
            kept = math.exp(-(now_s - self._then_s) / self.over_s)
            self._mean = (kept * self._mean + (1 - kept) * values).astype(values.dtype)
        self._then_s = now_s
        return self._mean


@dataclass(frozen=True)
class Alarm:
    """A probability of one label of an output that is worth saying: on from `on`, off below `off`.

    In between it stays as it was, so that a value near a threshold does not flicker.
    """

    output: str
    label: str
    on: float = 0.8
    off: float = 0.6

    def __post_init__(self) -> None:
        if not 0 <= self.off <= self.on <= 1:
            raise ValueError(
                f"alarm {self.label!r}: wanted 0 <= off <= on <= 1, received off={self.off}, "
                f"on={self.on}"
            )

    @property
    def name(self) -> str:
        return f"{self.output}={self.label}"

    def after(self, was: bool, probability: float) -> bool:
        """Whether it is on now.

        >>> alarm = Alarm("animal", "dog", on=0.8, off=0.6)
        >>> alarm.after(False, 0.7), alarm.after(True, 0.7), alarm.after(True, 0.5)
        (False, True, False)
        """
        return probability >= (self.off if was else self.on)


def parsed(text: str) -> Alarm:
    """An alarm from "OUTPUT=LABEL", "OUTPUT=LABEL:ON" or "OUTPUT=LABEL:ON:OFF".

    >>> parsed("animal=dog:0.9")
    Alarm(output='animal', label='dog', on=0.9, off=0.7)
    """
    output, equals, rest = text.partition("=")
    label, *levels = rest.split(":")
    try:
        on = float(levels[0]) if levels else 0.8
        off = float(levels[1]) if len(levels) > 1 else round(max(0.0, on - 0.2), 3)
        if not (equals and output and label) or len(levels) > 2:
            raise ValueError("incomplete")
    except ValueError as error:
        raise ValueError(f"alarm: wanted OUTPUT=LABEL:ON:OFF, received {text!r}") from error
    return Alarm(output, label, on, off)


def compared(reading: Scores) -> dict[str, float]:
    """Probabilities for `held`; those of two labels with a threshold are alike where the second one
    reaches it."""
    by_label = reading.to_dict()
    if reading.threshold is not None:
        by_label[reading.labels[0]] += 2 * reading.threshold - 1
    return by_label


def held(said: str | None, probabilities: Mapping[str, float], margin: float) -> str:
    """The label to say: another than before only if it leads by more than `margin`.

    >>> held("cat", {"cat": 0.45, "dog": 0.55}, 0.2), held("cat", {"cat": 0.3, "dog": 0.7}, 0.2)
    ('cat', 'dog')
    """
    best = max(probabilities, key=probabilities.__getitem__)
    if said is None or said not in probabilities:
        return best
    return best if probabilities[best] > probabilities[said] + margin else said
