"""The number formats that the tests of every layer go over: the three of every day, and, as slow
ones, the others."""

import numpy as np
import pytest

from mmkeras_export.quantizing.number_formats import FORMATS

EVERYDAY = ("float32", "dynamic_int8", "int8")
FOUR_BITS = 0.9  # random weights in 16 steps are another model

every_precision = pytest.mark.parametrize(
    "precision",
    [n if n in EVERYDAY else pytest.param(n, marks=pytest.mark.slow) for n in FORMATS],
)


def off_by(found: np.ndarray, expected: np.ndarray, precision: str) -> float:
    """How far answers are off, as a share of what rows differ by; a quarter is allowed.

    In 16 steps, random weights move the answers of all rows alike, by more than rows differ: what
    they share is left out, and the rest is weighed for what 16 steps can hold.
    """
    differ = (expected - expected.mean(axis=0)).std()
    error = found - expected
    if FORMATS[precision].weight_bits == 4:
        error = (error - error.mean(axis=0)) * (0.25 / FOUR_BITS)
    return float(error.std() / differ)


def same_class(found: np.ndarray, expected: np.ndarray) -> float:
    """The share of rows with the same class."""
    return float((found.argmax(-1) == expected.argmax(-1)).mean())
