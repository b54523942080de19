"""Probabilities made as sure as they are right: one temperature an output, learned after training.

A softmax of logits divided by T is, of its probabilities p, p^(1/T) / sum of p^(1/T): no logits are
wanted, so that any exported file can be given a temperature. Guo et al., "On calibration of modern
neural networks", ICML 2017. Above 1 it takes assurance away; the most probable label stays.
"""

from __future__ import annotations

import math

import numpy as np

SMALLEST = 1e-12  # a probability of 0 has no logarithm; float32 near 1 knows 6e-8


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Of labels that exclude each other: (..., labels) -> (..., labels), float32.

    >>> tempered(np.array([0.9, 0.1]), 2.0).round(2)  # odds of 9 become odds of 3
    array([0.75, 0.25], dtype=float32)
    """
    if temperature == 1.0:
        return probabilities
    logs = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST)) / temperature
    powers = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)


def tempered_each(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Of labels that each apply or not: any shape, float32.

    >>> tempered_each(np.array([0.9, 0.5]), 2.0)
    array([0.75, 0.5 ], dtype=float32)
    """
    if temperature == 1.0:
        return probabilities
    sides = np.stack([1.0 - probabilities.astype(np.float64), probabilities], axis=-1)
    return tempered(sides, temperature)[..., 1]


def check_temperature(kind: str, temperature: float) -> None:
    """Raises ValueError for what is no number above 0."""
    if not (isinstance(temperature, int | float) and 0 < temperature < math.inf):
        raise ValueError(f"{kind}: wanted a temperature above 0, received {temperature!r}")


def check_limit(kind: str, name: str, limit: float, most: float = math.inf) -> None:
    """Raises ValueError for a limit of assurance that cannot be."""
    if not (isinstance(limit, int | float) and 0 <= limit < most):
        raise ValueError(f"{kind}: wanted {name} from 0 to below {most:g}, received {limit!r}")
