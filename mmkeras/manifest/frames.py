"""Rows with types of their own to a sheet: DataFrames, Parquet, data sets of Hugging Face.

What they hold as bytes, as pictures in a Parquet file, is written to files: a manifest has paths.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkeras.manifest.cells import cell_of
from mmkeras.manifest.kinds import kind_of_content
from mmkeras.manifest.problems import Problem
from mmkeras.manifest.sheet import Sheet, check_header, sheet_of
from mmkeras.splits import split_named

ROWS = "rows.csv"  # in the folder that a source is written to
MEDIA = ("Image", "Audio", "Video")  # features of `datasets` that hold files
CURE = "pip install 'mmkeras[parquet]'"


def is_frame(source: Any) -> bool:
    """Whether it is a pandas DataFrame, without importing pandas."""
    return hasattr(source, "iloc") and hasattr(source, "columns")


def is_dataset(source: Any) -> bool:
    """Whether it is a `datasets.Dataset`, or a dict of them by split."""
    if isinstance(source, Mapping):
        return bool(source) and all(map(is_dataset, source.values()))
    return hasattr(source, "features") and hasattr(source, "column_names")


def read_frame(frame: Any, folder: Path) -> Sheet:
    """The rows of a DataFrame, whose paths are relative to `folder`."""
    path = folder.absolute() / "DataFrame"
    names = [str(name) for name in frame.columns]
    check_header(path, names)
    cells = _Cells(path, None)
    for number, row in enumerate(zip(*(frame[name] for name in frame.columns), strict=True), 1):
        cells.add(number, dict(zip(names, row, strict=True)))
    return cells.sheet({})


def read_parquet(path: Path, out: Path | None) -> Sheet:
    """The rows of a Parquet file, some thousand at a time."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(f"{path}: Parquet wants pyarrow: {CURE}") from error
    import pyarrow

    cells = _Cells(path.absolute(), out)
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            check_header(path, file.schema_arrow.names)
            for batch in file.iter_batches(batch_size=1_000):
                for row in batch.to_pylist():
                    number += 1
                    cells.add(number, row)
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{path}: no readable Parquet: {error}") from error
    return cells.sheet({})


def read_dataset(source: Any, out: Path | None) -> Sheet:
    """The rows of a `datasets.Dataset`; of a dict of them, with its keys as the split.

    Through what is public of it alone: `features`, `cast_column` and iteration.
    """
    cells = _Cells(Path("datasets.Dataset").absolute(), out)
    roles: dict[str, str] = {}
    number = 0
    for split, part in source.items() if isinstance(source, Mapping) else [("", source)]:
        named = _class_names(part.features)
        roles |= dict.fromkeys(named, "classify")
        for name, feature in part.features.items():
            if type(feature).__name__ in MEDIA:
                part = part.cast_column(name, type(feature)(decode=False))
                roles[name] = type(feature).__name__.lower()
        for row in part:
            number += 1
            row = {name: _label(named[name], v) if name in named else v for name, v in row.items()}
            cells.add(number, row | ({"split": split_named(split) or split} if split else {}))
    return cells.sheet(roles)


def _class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """The labels of the columns that hold their numbers."""
    return {
        name: list(feature.names)
        for name, feature in features.items()
        if type(feature).__name__ == "ClassLabel"
    }


def _label(names: list[str], value: Any) -> Any:
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


class _Cells:
    """Cells by column, gathered row by row; files beside them are written as they come."""

    def __init__(self, path: Path, out: Path | None):
        self._path = path
        self._out = out
        self._columns: dict[str, list[str]] = {}
        self._rows = 0
        self._problems: list[Problem] = []

    def add(self, number: int, row: Mapping[str, Any]) -> None:
        for name, value in row.items():
            cells = self._columns.setdefault(name, [])
            cells.extend([""] * (self._rows - len(cells)))
            try:
                is_file = isinstance(value, Mapping) and {"bytes", "path"} >= {*value}
                if is_file or isinstance(value, bytes):
                    of = value if isinstance(value, Mapping) else {"bytes": value}
                    cells.append(self._file(name, number, of.get("bytes"), of.get("path")))
                else:
                    cells.append(cell_of(value))
            except ValueError as error:
                cells.append("")
                self._problems.append(Problem(str(self._path), number, name, str(error)))
        self._rows += 1

    def _file(self, column: str, number: int, content: bytes | None, path: str | None) -> str:
        """The cell of what is a file already, or becomes one."""
        if path and os.path.isfile(path):
            return os.path.abspath(path)
        if content is None:
            return ""
        if self._out is None:
            raise TypeError(
                f"{self._path}: column {column!r} holds files, not paths; give out=FOLDER, into "
                "which they are written"
            )
        known = kind_of_content(content[:16])
        suffix = known[1] if known else Path(path or "").suffix or ".bin"
        name = os.path.join(column, f"{number:07}{suffix}")
        (self._out / column).mkdir(parents=True, exist_ok=True)
        partial = self._out / column / ".partial"
        partial.write_bytes(content)
        partial.replace(self._out / name)
        return name

    def sheet(self, roles: Mapping[str, str]) -> Sheet:
        for cells in self._columns.values():
            cells.extend([""] * (self._rows - len(cells)))
        path = self._path if self._out is None else self._out / ROWS
        lines = range(1, self._rows + 1)
        return sheet_of(path, self._columns, lines, self._problems, roles)
