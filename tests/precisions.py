"""The number formats that the tests of every layer go over: the three of every day, and, as slow
ones, the others."""

import pytest

from mmkeras_export.number_formats import FORMATS

EVERYDAY = ("float32", "dynamic_int8", "int8")

every_precision = pytest.mark.parametrize(
    "precision",
    [n if n in EVERYDAY else pytest.param(n, marks=pytest.mark.slow) for n in FORMATS],
)
