"""Results as plain data for JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table


def plain(value: Any) -> Any:
    """Dataclasses and tables as dicts, arrays and tuples as lists; what is no number is None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def figure(value: float | None) -> str:
    """For a table; - for what is no number.

    >>> figure(0.12345), figure(1234.5), figure(None)
    ('0.123', '1.23e+03', '-')
    """
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.3f}" if 0.001 <= abs(value) < 100 or value == 0 else f"{value:.3g}"


def grid(*left: str, right: Sequence[str] = ()) -> Table:
    """An empty table with columns of words, then of numbers."""
    table = Table(box=None, pad_edge=False)
    for column in left:
        table.add_column(column, overflow="fold")
    for column in right:
        table.add_column(column, justify="right")
    return table


def titled(title: str, *below: RenderableType) -> RenderableType:
    """What stands under a line."""
    return Group(title, *below)
