"""Values of any source to the text cells of a manifest; a missing value is an empty cell."""

from __future__ import annotations

import datetime
import math
import numbers
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.targets import SEPARATOR

NANS = frozenset(("NaN", "nan"))  # what pandas leaves of an empty number


def cell_of(value: Any) -> str:
    """One value as a cell: "" for None and NaN, labels of a list with "|" between them.

    >>> [cell_of(value) for value in (None, float("nan"), 3.0, 0.5, True, ["cat", "dog"], [])]
    ['', '', '3', '0.5', 'true', 'cat|dog', '|']

    A whole float is a whole number: a column of these with a gap was made float by pandas. Raises
    ValueError for what is no value of a cell: bytes, a mapping, a list of lists.
    """
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, (datetime.date, datetime.time)):  # pandas' Timestamp is one
        return value.isoformat()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        if any(isinstance(each, (Mapping, list, tuple, bytes)) for each in value):
            raise ValueError("a list of lists; wanted a text, a number or a list of labels")
        return SEPARATOR.join(map(cell_of, value)) or SEPARATOR
    raise ValueError(f"a {type(value).__name__}; wanted a text, a number or a list of labels")


def _number(value: numbers.Real) -> str:
    number = float(value)
    if math.isnan(number):
        return ""
    if number.is_integer() and abs(number) < 1e15:
        return str(int(number))
    return repr(number) if isinstance(value, float) else str(value)
