"""Files of text with a row a line: CSV, TSV, JSON Lines."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmkeras.manifest.cells import cell_of
from mmkeras.manifest.problems import Problem
from mmkeras.manifest.sheet import Sheet, check_header, sheet_of

SEPARATORS = ",;\t"  # of cells; the most frequent in the header is it
LIMIT_CHARS = 16 << 20  # of a cell
SWALLOWED = 100  # lines of a row, from which on a quote is thought to be missing


def read_csv(path: Path) -> Sheet:
    """Cells with commas, semicolons or tabs between them, whichever the header has most of.

    Not by pandas, which forgets the lines. A row with more or fewer cells than the header is cut
    or filled, and a problem.
    """
    with _decoded(path) as file:
        header = file.readline()
        separator = max(SEPARATORS, key=header.count)
        file.seek(0)
        return _read_cells(path, file, separator)


def read_tsv(path: Path) -> Sheet:
    """Cells with tabs between them."""
    with _decoded(path) as file:
        return _read_cells(path, file, "\t")


def _read_cells(path: Path, file, separator: str) -> Sheet:
    limit = csv.field_size_limit(LIMIT_CHARS)
    try:
        reader = csv.reader(file, delimiter=separator)
        header = next(reader, [])
        check_header(path, header)
        columns: dict[str, list[str]] = {name: [] for name in header}
        lines, problems = [], []
        begin = reader.line_num + 1
        for row in reader:
            if row:  # a blank line is no row
                lines.append(begin)
                for place, cells in enumerate(columns.values()):
                    cells.append(row[place] if place < len(row) else "")
            if row and len(row) != len(header):
                message = f"{len(row)} cells, wanted {len(header)}; quote cells with commas"
                if reader.line_num - begin > SWALLOWED:
                    message = f"a quote is missing: the row ends on line {reader.line_num}"
                problems.append(Problem(str(path.absolute()), begin, "row", message))
            begin = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: no readable CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)
    return sheet_of(path, columns, lines, problems)


def read_jsonl(path: Path) -> Sheet:
    """An object a line; a key that a row lacks is an empty cell, a list is several labels."""
    columns: dict[str, list[str]] = {}
    lines: list[int] = []
    problems = []
    file_name = str(path.absolute())
    with _decoded(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"a {type(row).__name__}, wanted an object")
            except ValueError as error:
                problems.append(Problem(file_name, number, "row", f"no JSON object: {error}"))
                row = {}
            for name, value in row.items():
                cells = columns.setdefault(name, [])
                cells.extend([""] * (len(lines) - len(cells)))
                try:
                    cells.append(cell_of(value))
                except ValueError as error:
                    cells.append("")
                    problems.append(Problem(file_name, number, name, str(error)))
            lines.append(number)
    for cells in columns.values():
        cells.extend([""] * (len(lines) - len(cells)))
    return sheet_of(path, columns, lines, problems)


@contextmanager
def _decoded(path: Path) -> Iterator:
    """The file as text; a ValueError with the line where it is no UTF-8."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            yield file
    except UnicodeDecodeError as error:
        with open(path, "rb") as raw:
            number = next(n for n, line in enumerate(raw, start=1) if not _is_utf8(line))
        raise ValueError(f"{path}:{number}: no UTF-8; save the file in UTF-8: {error}") from error


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
