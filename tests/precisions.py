"""The number formats that the tests of every layer go over: the three of every day, and, as slow
ones, the others."""

import pytest

from mmkeras_export.quantizing.number_formats import FORMATS

EVERYDAY = ("float32", "dynamic_int8", "int8")
FOUR_BITS = 0.5  # random weights in 16 steps are another model

every_precision = pytest.mark.parametrize(
    "precision",
    [n if n in EVERYDAY else pytest.param(n, marks=pytest.mark.slow) for n in FORMATS],
)


def share_of(precision: str, share: float) -> float:
    """How far answers may be, as a share of what rows differ by."""
    return FOUR_BITS if FORMATS[precision].weight_bits == 4 else share
