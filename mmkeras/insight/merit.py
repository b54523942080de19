"""How good and how certain the answer to a single row is."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmkeras.heads import HEADS
from mmkeras.heads.measures import number
from mmkeras.insight.calibration import SMALLEST, chosen
from mmkeras_edge.outputs import NORMAL_ENDS, PROBABILITIES


def merits(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Of each row, (N,), more is better: the probability of the truth, of several labels in the
    mean; of a number minus its error."""
    if spec.kind not in PROBABILITIES:
        return -np.abs(number(spec, outputs) - truth[:, 0])
    probable = chosen(spec, truth, outputs).astype(np.float64)
    return probable.reshape(len(truth), -1).mean(axis=1)


def right(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> np.ndarray | None:
    """Whether all of what is said of a row is right, bool (N,); None for a number."""
    said = HEADS[spec.kind].said
    if said is None:
        return None
    return (said(spec, outputs) == truth).reshape(len(truth), -1).all(axis=1)


def assurances(spec: Any, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """How certain each row's answer is, by score, (N,), more is more certain; none for a number
    without an interval. Each is computed of what the file itself answers.

    The first is what `unsure_below` and `unsure_above` look at.
    """
    if spec.kind in ("classify", "ordinal", "binary", "multilabel"):
        each = outputs.astype(np.float64)
        if spec.kind in ("binary", "multilabel"):
            sides = np.stack([1 - each, each], axis=-1)  # (N, labels, 2)
            found = {"probability": _said(spec, each), "entropy": -_entropy(sides)}
            return {name: of.min(axis=1) for name, of in found.items()}  # the least certain label
        best = np.sort(each, axis=1)
        return {
            "probability": best[:, -1],
            "margin": best[:, -1] - best[:, -2],
            "entropy": -_entropy(each),
        }
    if spec.kind == "gaussian":
        return {"width": -2 * NORMAL_ENDS * outputs[:, 1].astype(np.float64)}
    if spec.kind == "quantiles" and len(spec.levels) > 1:
        return {"width": -(outputs[:, -1] - outputs[:, 0]).astype(np.float64)}
    return {}


def _said(spec: Any, each: np.ndarray) -> np.ndarray:
    """The probability of what is said of each label, yes or no: (N, labels)."""
    thresholds = getattr(spec, "thresholds", None) or (spec.threshold,)
    return np.where(each >= np.asarray(thresholds, np.float32), each, 1 - each)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    """In nats, over the last axis. Hendrycks and Gimpel, ICLR 2017, compare it."""
    return -(probabilities * np.log(np.maximum(probabilities, SMALLEST))).sum(axis=-1)
