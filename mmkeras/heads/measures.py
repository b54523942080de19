"""Figures of merit, in NumPy: of(spec, truth, outputs), one row a labelled sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mmkeras_edge.outputs import NORMAL_ENDS
from mmkeras_edge.readings import central


class Measure(NamedTuple):
    """A figure of merit. `higher` is better and at most 1, or lower is, and 0 is best."""

    name: str
    of: Callable[[Any, np.ndarray, np.ndarray], float]
    higher: bool = True


# What an answer comes to: (N, values) -> (N,) or (N, labels).


def most_probable(spec: Any, outputs: np.ndarray) -> np.ndarray:
    """Class ids, (N,)."""
    return outputs.argmax(-1)


def reached(spec: Any, outputs: np.ndarray) -> np.ndarray:
    """Which probabilities reach their threshold: int (N, labels), or (N, 1) of a binary answer."""
    thresholds = getattr(spec, "thresholds", None) or (spec.threshold,)
    return (outputs >= np.asarray(thresholds, np.float32)).astype(int)


def number(spec: Any, outputs: np.ndarray) -> np.ndarray:
    """The value, the mean or the quantile nearest to the median: (N,)."""
    levels = getattr(spec, "levels", None)
    return outputs[:, central(levels) if levels else 0].astype(np.float64)


# Of classes.


def accuracy(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Share of rows whose most probable class is the right one."""
    return float((most_probable(spec, outputs) == truth).mean())


def balanced_accuracy(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean over the classes that occur of the share that is found."""
    said = most_probable(spec, outputs)
    return float(np.mean([(said[truth == k] == k).mean() for k in np.unique(truth)]))


def macro_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean over the classes that occur or are said of 2 hits / (said + occur)."""
    said = most_probable(spec, outputs)
    found = np.union1d(truth, said)
    return float(np.mean([_f1(truth == k, said == k) for k in found]))


def rank_error(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """How many ranks the most probable label is off, in the mean."""
    return float(np.abs(most_probable(spec, outputs) - truth).mean())


# Of yes and no: truth (N, labels) of 0 and 1.


def right(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Share of answers that fall on the right side of the threshold."""
    return float((reached(spec, outputs) == truth).mean())


def balanced_right(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean of the share of yes that is found and of the share of no."""
    said = reached(spec, outputs)
    return float(np.mean([(said[truth == k] == k).mean() for k in np.unique(truth)]))


def exact(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Share of rows in which every label is right."""
    return float((reached(spec, outputs) == truth).all(axis=1).mean())


def micro_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """2 hits / (said + occur), over all labels together."""
    return _f1(truth > 0, reached(spec, outputs) > 0)


def label_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean over the labels of 2 hits / (said + occur)."""
    said = reached(spec, outputs)
    pairs = zip(truth.T > 0, said.T > 0, strict=True)
    return float(np.mean([_f1(*pair) for pair in pairs]))


def auc(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """How often a yes scores above a no, ties by half: the area under the ROC curve.

    NaN where all rows have the same label. Hanley and McNeil, Radiology 1982.
    """
    yes, no = outputs[truth > 0], outputs[truth == 0]
    if not len(yes) or not len(no):
        return math.nan
    below = np.searchsorted(np.sort(no), yes, "left")
    not_above = np.searchsorted(np.sort(no), yes, "right")
    return float((below + not_above).mean() / (2 * len(no)))


def _f1(truth: np.ndarray, said: np.ndarray) -> float:
    both = int(truth.sum()) + int(said.sum())
    return 2 * int((truth & said).sum()) / both if both else 0.0


# Of numbers: truth (N, 1).


def mae(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Mean absolute error, in the label's unit."""
    return float(np.abs(truth[:, 0] - number(spec, outputs)).mean())


def rmse(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Root of the mean squared error, in the label's unit."""
    return float(np.sqrt(((truth[:, 0] - number(spec, outputs)) ** 2).mean()))


def r2(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """1 - squared errors / squared distances from the mean; NaN where all labels are the same."""
    spread = float(((truth[:, 0] - truth[:, 0].mean()) ** 2).sum())
    wrong = float(((truth[:, 0] - number(spec, outputs)) ** 2).sum())
    return 1 - wrong / spread if spread else math.nan


def crps(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Continuous ranked probability score of a normal distribution, in the label's unit.

    σ (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π), z = (y - μ) / σ: the absolute error, where σ is 0.
    Gneiting and Raftery, JASA 2007, section 4.2.
    """
    mean, deviation = outputs.astype(np.float64).T
    deviation = np.maximum(deviation, 1e-12)
    z = (truth[:, 0] - mean) / deviation
    below = np.array([math.erf(v / math.sqrt(2)) for v in z])  # 2 Φ(z) - 1
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return float((deviation * (z * below + 2 * density - 1 / math.sqrt(math.pi))).mean())


def deviance(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """2 (y log(y / λ) - y + λ), the mean: what a Poisson rate λ explains worse than y itself."""
    y, rate = truth[:, 0].astype(np.float64), np.maximum(outputs[:, 0].astype(np.float64), 1e-12)
    logs = y * np.log(np.maximum(y, 1.0) / rate)  # 0 where y is 0
    return float(2 * (logs - y + rate).mean())


def pinball(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """max(τ (y - q), (τ - 1) (y - q)), the mean over levels τ. Koenker and Bassett, 1978."""
    levels, error = np.asarray(spec.levels), truth - outputs.astype(np.float64)
    return float(np.maximum(levels * error, (levels - 1) * error).mean())


def covered(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Share of truths between the lowest and the highest quantile."""
    return float(((truth >= outputs[:, :1]) & (truth <= outputs[:, -1:])).mean())


def covered_normal(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> float:
    """Share of truths in the interval of 90 percent around the mean."""
    return float((np.abs(truth[:, 0] - outputs[:, 0]) <= NORMAL_ENDS * outputs[:, 1]).mean())
