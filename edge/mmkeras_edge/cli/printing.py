"""What verbs print: JSON, and tables that a stranger's file cannot break."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras_edge.specs import InputSpec

WIDTH = 200  # characters of a cell that are shown


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def print_table(rows: Iterable[Sequence[str]]) -> None:
    """Rows of as many cells each, as columns."""
    shown = [[safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def safe(text: str) -> str:
    """A file from a stranger may not move the terminal's cursor."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 3]}..."


def flat(name: str, value: Any) -> list[tuple[str, str]]:
    """Nested figures as rows of a table: ("metric all accuracy label", "0.93")."""
    if isinstance(value, Mapping):
        return [row for key in value for row in flat(f"{name} {key}", value[key])]
    return [(name, f"{value:.4g}" if isinstance(value, float) else str(value))]


def described(spec: InputSpec, optional: bool) -> str:
    """An input in a line: kind, type, shape, rate, names."""
    shape = " x ".join(str(size) for size in spec.shape)
    rate_hz = getattr(spec, "rate_hz", None)
    rate = f" at {rate_hz:,g} Hz" if rate_hz else ""
    named = [*getattr(spec, "names", ()), *getattr(spec, "fields", ())]
    fields = f": {', '.join(named)}" if named else ""
    absent = ", may be absent" if optional else ""
    return f"{spec.kind}, {spec.dtype}, {shape}{rate}{fields}{absent}"
