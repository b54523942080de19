"""Named fields of a record to the numbers that the graph takes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Union

import numpy as np

from mmkeras_edge.specs import TableSpec

LIMIT = float(np.finfo(np.float32).max)
LIMIT_JSON = 1 << 20  # letters of a record; a longer one is refused before it is read
MISSING = ("", "nan", "na", "n/a", "null", "none")  # texts of no value, in any case
WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*")  # 3.0, but no code with leading zeros

TableSource = Union["Mapping[str, Any]", str, bytes]


def load_table(source: TableSource, spec: TableSpec) -> np.ndarray:
    """{field: text, number or None}, or the same as JSON text, to float32 (fields,).

    First the numbers, NaN where there is none; then each category's place among its values,
    counted from 1, and 0 for one that is missing or that training never saw. A field that is left
    out, None, empty, or says so ("n/a") is missing. Raises ValueError for an unknown field, and for
    a number that is none.
    """
    from mmkeras_edge.inputs import pick

    record = _record(source)
    for name in record:
        pick(dict.fromkeys(spec.fields), name, "field")
    numbers = [_number(name, record.get(name)) for name in spec.numbers]
    places = [_place(record.get(name), values) for name, values in spec.categories.items()]
    return np.array([*numbers, *places], np.float32)


def _record(source: Any) -> Mapping[str, Any]:
    record = source
    if isinstance(source, (str, bytes, bytearray, memoryview)):
        if len(source) > LIMIT_JSON:
            raise ValueError(f"table: {len(source):,} letters, more than {LIMIT_JSON:,}")
        try:
            record = json.loads(source if isinstance(source, str) else bytes(source))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"table: the fields are no JSON: {error}") from error
    if not isinstance(record, Mapping):
        raise ValueError(
            f"table: wanted {{field: value}}, received {type(record).__name__}; "
            "as text: '{\"age\": 3}'"
        )
    return record


def _number(name: str, value: Any) -> float:
    if is_missing(value):
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"table: {name} is {value!r}, no number") from error
    except OverflowError:  # a whole number of 309 digits and more
        number = math.inf
    if abs(number) > LIMIT:
        raise ValueError(f"table: {name} is {value!r:.40}, beyond what a float32 holds")
    return number


def category(value: Any) -> str:
    """The one text of a category: "3" for 3, 3.0 and "3.0", "true" for True and "True"."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)  # all digits of 1e20
    text = str(value).strip()
    whole = WHOLE.fullmatch(text)
    if whole:
        text = whole[1] if whole[1] != "-0" else "0"
    return text.lower() if text.lower() in ("true", "false") else text


def _place(value: Any, values: tuple[str, ...]) -> int:
    places = _places(values)
    text = "" if value is None else category(value)  # "none" is a value where the spec has it
    return places.get(text, 0)


@lru_cache(maxsize=256)
def _places(values: tuple[str, ...]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, value in enumerate(values, start=1):
        places.setdefault(category(value), place)
    return places


def is_missing(value: Any) -> bool:
    """Whether a field is empty: None, NaN, or a text that stands for them."""
    return (
        value is None
        or (isinstance(value, str) and value.strip().lower() in MISSING)
        or (isinstance(value, (float, np.floating)) and math.isnan(value))
    )
