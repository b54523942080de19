"""Whether 80 percent means 80 percent: the reliability of probabilities, and a temperature.

The expected calibration error is the mean over rows of |how sure - how often right|, each averaged
in its bin; Naeini et al., AAAI 2015, with the 15 bins of equal width of Guo et al., ICML 2017. Of
several classes the said one is looked at; of yes and no, how likely yes is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.intervals import Draws, Span, span_of
from mmkeras.insight.plain import figure, plain
from mmkeras.insight.subject import Known, Subject
from mmkeras_edge.outputs import PROBABILITIES
from mmkeras_edge.tempering import SMALLEST, tempered, tempered_each

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0  # temperatures that are looked for
STEPS = 60  # of a golden section: a range of e^6 shrinks to 1e-12 of it


@dataclass(frozen=True)
class Bin:
    """Answers of about the same assurance: how sure, and how often right, in the mean."""

    low: float
    high: float
    count: int
    sure: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """How well probabilities are what they say.

    `temperature` is the one that makes the labels of these rows most likely; `ece_tempered` and
    `nll_tempered` are of each half of the rows under the temperature of the other half.
    """

    ece: float
    nll: float  # mean negative logarithm of the probability of the truth
    brier: float  # mean squared distance from the truth
    temperature: float
    ece_tempered: float
    nll_tempered: float
    gained: Span  # of 95 percent: by how much log loss falls
    rows: int
    bins: tuple[Bin, ...]

    @property
    def helps(self) -> bool:
        """Whether a temperature helps rows that it was not found on, and hardly by chance."""
        return self.gained.low > 0

    @property
    def overconfident(self) -> bool:
        """Whether it is more sure than right."""
        return self.temperature > 1

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        what = "too sure" if self.overconfident else "not sure enough"
        return (
            f"{title}: calibration\n  error {figure(self.ece)}, log loss {figure(self.nll)}, "
            f"Brier score {figure(self.brier)}; {what}: at temperature {self.temperature:.2f} "
            f"error {figure(self.ece_tempered)}, log loss {figure(self.nll_tempered)}"
            + ("" if self.helps else " (perhaps by chance)")
        )


def calibration(subject: Subject) -> dict[str, Calibration]:
    """Of each output of probabilities."""
    return {
        known.name: calibration_of(known, subject.options.seed)
        for known in subject.every(*PROBABILITIES)
    }


def calibration_of(known: Known, seed: int = 0) -> Calibration:
    """Of one output; halves are drawn by groups, where there are any."""
    bins = reliability(*assurance(known.spec, known.truth, known.outputs))
    again = np.empty_like(known.outputs, dtype=np.float32)
    for half, other in _halves(known, seed):
        temperature = temperature_for(known.spec, known.truth[other], known.outputs[other])
        again[half] = under(known.spec, known.outputs[half], temperature)
    after = reliability(*assurance(known.spec, known.truth, again))
    return Calibration(
        ece=ece(bins),
        nll=nll(known.spec, known.truth, known.outputs),
        brier=brier(known.spec, known.truth, known.outputs),
        temperature=temperature_for(known.spec, known.truth, known.outputs),
        ece_tempered=ece(after),
        nll_tempered=nll(known.spec, known.truth, again),
        gained=_gained(known, again, seed),
        rows=len(known.rows),
        bins=bins,
    )


def assurance(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How sure each answer is, and whether it is right: two of (N,), or of (N * labels,)."""
    if spec.kind in ("binary", "multilabel"):
        return outputs.ravel(), truth.ravel() > 0
    return outputs.max(axis=1), outputs.argmax(axis=1) == truth


def reliability(sure: np.ndarray, right: np.ndarray, bins: int = BINS) -> tuple[Bin, ...]:
    """Bins of equal width, (low, high], the first with its 0; those without an answer are left
    out."""
    places = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for place in np.unique(places):
        here = places == place
        means = float(sure[here].mean()), float(right[here].mean())
        found.append(Bin(place / bins, (place + 1) / bins, int(here.sum()), *means))
    return tuple(found)


def ece(bins: tuple[Bin, ...]) -> float:
    """The expected calibration error."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.sure - each.right) for each in bins) / total


def chosen(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """The probability of the truth: (N,), or (N, labels)."""
    if spec.kind in ("binary", "multilabel"):
        return np.where(truth > 0, outputs, 1.0 - outputs)
    return outputs[np.arange(len(truth)), truth]


def losses(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Negative logarithm of the probability of the truth, (N,); of several labels the mean."""
    probable = chosen(spec, truth, outputs).astype(np.float64)
    return -np.log(np.maximum(probable, SMALLEST)).reshape(len(truth), -1).mean(axis=1)


def nll(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Their mean."""
    return float(losses(spec, truth, outputs).mean())


def brier(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean squared distance of probabilities and truth, summed over classes. Brier, 1950."""
    if spec.kind in ("binary", "multilabel"):
        return float(((outputs - truth) ** 2).mean())
    return float(((outputs - np.eye(outputs.shape[1])[truth]) ** 2).sum(axis=1).mean())


def temperature_for(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """The temperature that makes the labels most likely, by a golden section of its logarithm.

    The likelihood has one peak: it is concave in 1 / T.
    """
    ratio = (5**0.5 - 1) / 2
    low, high = np.log(COLDEST), np.log(HOTTEST)

    def loss(log: float) -> float:
        return nll(spec, truth, under(spec, outputs, float(np.exp(log))))

    left, right = high - ratio * (high - low), low + ratio * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = loss(right)
    return float(np.exp((low + high) / 2))


def under(spec: Any, outputs: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities under a temperature, as the device reads them."""
    each = spec.kind in ("binary", "multilabel")
    return (tempered_each if each else tempered)(outputs, temperature)


def _gained(known: Known, again: np.ndarray, seed: int) -> Span:
    """By how much the log loss of other answers is lower."""
    less = [losses(known.spec, known.truth, outputs) for outputs in (known.outputs, again)]
    difference = (less[0] - less[1]).astype(np.float32)
    drawn = [
        weights @ difference / weights.sum(axis=1)
        for weights in Draws(len(known.rows), known.groups, seed=seed).batches()
    ]
    return span_of(np.concatenate(drawn), len(known.rows))


def _halves(known: Known, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows in two halves, (one, other) and (other, one); rows of a group stay together."""
    names = known.groups or tuple(map(str, range(len(known.rows))))
    places = np.unique(names, return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(places.max() + 1)
    first = order[places] % 2 == 0
    if first.all() or not first.any():  # a single group
        first = np.arange(len(first)) % 2 == 0
    one, other = np.flatnonzero(first), np.flatnonzero(~first)
    return [(one, other), (other, one)] if len(other) else [(one, one)]
