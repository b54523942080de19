"""Measures over rows that count several times, for many weightings at once.

`weights` are (R, N): in weighting r, row n counts weights[r, n] times. So a bootstrap is a few
matrix products. Most measures are means over the rows, and what they are of one row is all that is
wanted; the others have their sums here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmkeras.heads import measures
from mmkeras.heads.measures import Measure, most_probable, number, reached

Weighted = Callable[[Any, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def weighted(
    measure: Measure, spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """The measure of each weighting, (R, N) -> (R,); NaN where it has no value."""
    whole = WEIGHTED.get(measure.of)
    if whole is not None:
        with np.errstate(invalid="ignore", divide="ignore"):
            return whole(spec, truth, outputs, weights)
    rows = range(len(truth))
    each = [measure.of(spec, truth[i : i + 1], outputs[i : i + 1]) for i in rows]
    return _mean(np.array(each), weights)


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return weights @ values / weights.sum(axis=1)


def _right_class(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    return _mean((most_probable(spec, outputs) == truth).astype(np.float32), weights)


def _right_side(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    return _mean((reached(spec, outputs) == truth).mean(axis=1), weights)


def _balanced(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    hits, _, occur = _class_counts(spec, truth, outputs, weights)
    return _mean_where(hits / occur, occur > 0)


def _macro_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    hits, said, occur = _class_counts(spec, truth, outputs, weights)
    return _mean_where(2 * hits / (said + occur), said + occur > 0)


def _class_counts(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class (R, K): rows of it that are found, that it is said of, that it occurs in."""
    classes = np.eye(outputs.shape[1], dtype=weights.dtype)
    occur, said = classes[truth], classes[most_probable(spec, outputs)]  # (N, K)
    return weights @ (occur * said), weights @ said, weights @ occur


def _mean_where(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    return np.where(counted, values, 0).sum(axis=1) / counted.sum(axis=1)


def _balanced_right(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    right = reached(spec, outputs) == truth
    shares, occur = [], []
    for side in (0, 1):
        here = truth == side
        occur.append(weights @ here.sum(axis=1).astype(weights.dtype))
        shares.append(weights @ (right & here).sum(axis=1).astype(weights.dtype) / occur[-1])
    return _mean_where(np.stack(shares, 1), np.stack(occur, 1) > 0)


def _micro_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    hits, both = (counts.sum(axis=1) for counts in _label_counts(spec, truth, outputs, weights))
    return np.where(both > 0, 2 * hits / both, 0)


def _label_f1(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    hits, both = _label_counts(spec, truth, outputs, weights)
    return np.where(both > 0, 2 * hits / both, 0).mean(axis=1)


def _label_counts(
    spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each label (R, L): hits, and how often it is said plus how often it occurs."""
    said = reached(spec, outputs).astype(weights.dtype)
    occur = truth.astype(weights.dtype)
    return weights @ (said * occur), weights @ (said + occur)


def _auc(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(outputs[:, 0], kind="stable")
    scores, yes = outputs[order, 0], truth[order, 0] > 0
    begins = np.flatnonzero(np.diff(scores, prepend=-np.inf))  # of rows with the same score
    sorted_weights = weights[:, order].astype(np.float64)
    yes_at = np.add.reduceat(sorted_weights * yes, begins, axis=1)
    no_at = np.add.reduceat(sorted_weights * ~yes, begins, axis=1)
    below = np.cumsum(no_at, axis=1) - no_at / 2  # ties by half
    return (yes_at * below).sum(axis=1) / (yes_at.sum(axis=1) * no_at.sum(axis=1))


def _rmse(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean((truth[:, 0] - number(spec, outputs)) ** 2, weights))


def _r2(spec: Any, truth: np.ndarray, outputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    y = truth[:, 0].astype(np.float64)
    y = y - y.mean()  # the same spread, without the loss of digits of E y² - (E y)²
    spread = _mean(y**2, weights) - _mean(y, weights) ** 2
    wrong = _mean((truth[:, 0] - number(spec, outputs)) ** 2, weights)
    return np.where(spread > 0, 1 - wrong / spread, np.nan)


WEIGHTED: dict[Callable[..., float], Weighted] = {  # a mean over the rows needs no line
    measures.accuracy: _right_class,  # for speed alone, as is the next one
    measures.right: _right_side,
    measures.balanced_accuracy: _balanced,
    measures.macro_f1: _macro_f1,
    measures.balanced_right: _balanced_right,
    measures.micro_f1: _micro_f1,
    measures.label_f1: _label_f1,
    measures.auc: _auc,
    measures.rmse: _rmse,
    measures.r2: _r2,
}
