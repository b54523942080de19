"""The rows of a manifest on the device: CSV, TSV or JSON Lines, one at a time, without pandas."""

from __future__ import annotations

import csv
import itertools
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mmkeras_edge.card import Card
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import InputSpec

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
LINES = (".jsonl", ".ndjson")
INLINE = ("text", "table")  # kinds whose cell is the thing itself and no path
Columns = Mapping[str, tuple[str, ...]]  # input -> its column, or those of its views


class Row(NamedTuple):
    """Raw inputs by name, None where absent, and the line that they begin on; or what is wrong."""

    line: int
    sources: dict[str, Any]
    error: str = ""


def read_rows(
    path: str | os.PathLike[str], card: Card, columns: Columns | None = None
) -> Iterator[Row]:
    """The rows of a manifest for the inputs of a card.

    A column is called like its input, unless `columns` says otherwise; an input of several views
    has as many columns; the fields of a table may be columns of their own. Paths are seen from the
    manifest's folder. An empty cell, and a column that is not there, is absent. A row that cannot
    be read is a Row with an error. Raises FileNotFoundError, and ValueError for a file without one
    column that fits.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no manifest {path!r}")
    for name in columns or {}:
        pick(card.inputs, name, "input")
    ending = os.path.splitext(path)[1].lower()
    cells = _json_lines(path) if ending in LINES else _table(path, ending)
    every = {n: (n,) for n in card.inputs} | dict(columns or {})
    first = next(cells, None)
    if first is None:
        raise ValueError(f"{path!r} has no rows")
    if not isinstance(first[1], str):
        _check(first[1], path, card, every)
    return _rows(
        itertools.chain([first], cells), os.path.dirname(os.path.abspath(path)), card, every
    )


def _rows(
    cells: Iterator[tuple[int, Mapping[str, Any] | str]], folder: str, card: Card, columns: Columns
) -> Iterator[Row]:
    for line, row in cells:
        if isinstance(row, str):
            yield Row(line, {}, row)
            continue
        try:
            sources = {n: _source(row, s, columns[n], folder) for n, s in card.inputs.items()}
            yield Row(line, sources)
        except ValueError as error:
            yield Row(line, {}, str(error))


def _check(row: Mapping[str, Any], path: str, card: Card, columns: Columns) -> None:
    fields = {f for spec in card.inputs.values() for f in getattr(spec, "fields", ())}
    wanted = {column for of in columns.values() for column in of} | fields
    if not wanted & row.keys():
        raise ValueError(
            f"{path!r} has the columns {', '.join(row)}, the file takes {', '.join(card.inputs)}; "
            "say which is which: --column INPUT=COLUMN"
        )
    for name, of in columns.items():
        if of != (name,):
            for column in of:
                pick(row, column, f"column of input {name!r}:")


def _source(row: Mapping[str, Any], spec: InputSpec, columns: tuple[str, ...], folder: str) -> Any:
    """One raw input of a row, None where its cells are empty."""
    if spec.kind == "table" and columns[0] not in row:
        fields = {name: row.get(name) for name in getattr(spec, "fields", ())}
        return None if all(value in (None, "") for value in fields.values()) else fields
    cells = [row.get(column) for column in columns]
    if all(cell in (None, "") for cell in cells):
        return None
    if spec.kind == "table":
        return cells[0]
    for column, cell in zip(columns, cells, strict=True):
        if not isinstance(cell, str):
            raise ValueError(f"column {column!r}: wanted a text, received {cell!r}")
    if spec.kind not in INLINE:
        cells = [os.path.join(folder, str(cell)) for cell in cells]
    return cells[0] if len(columns) == 1 else cells


def _table(path: str, ending: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    # A byte that is no UTF-8 spoils its own cell, not the file.
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=DELIMITERS.get(ending, ","))
        header = [cell.strip() for cell in next(reader, [])]
        if not header:
            return
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, f"no CSV: {error}"
                continue
            if len(row) == len(header):
                yield line, dict(zip(header, row, strict=True))
            elif row:
                yield line, f"{len(row)} cells, wanted {len(header)}"


def _json_lines(path: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except (ValueError, RecursionError) as error:
                yield line, f"no JSON: {error}"
                continue
            yield (
                line,
                row if isinstance(row, dict) else f"wanted an object, received {text.strip()[:40]}",
            )
