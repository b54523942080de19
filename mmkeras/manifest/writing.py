"""Rows to a file, complete or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.manifest.problems import Problem
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    import pandas as pd


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _tsv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, sep="\t")


def _jsonl(table: pd.DataFrame, path: Path) -> None:
    table.to_json(path, orient="records", lines=True, force_ascii=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    table.to_parquet(path, index=False)


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {  # by what the file is called
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}


def write_rows(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Writes CSV, TSV, JSON Lines or Parquet, whatever the path is called."""
    path = Path(path)
    write = pick(WRITERS, path.suffix.lower(), f"ending of {path.name!r}:")
    partial = path.with_name(f"{path.name}.partial")
    try:
        write(table, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_problems(problems: Iterable[Problem], path: str | os.PathLike[str]) -> Path:
    """Writes a CSV of what was left out and why: file, line, column, message."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    try:
        with open(partial, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("file", "line", "column", "message"))
            writer.writerows((p.file, p.line, p.column, p.message) for p in problems)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def add_problems(problems: Iterable[Problem], path: str | os.PathLike[str]) -> Path:
    """The same, beside those that the file lists already."""
    listed: dict[Problem, None] = {}
    if os.path.isfile(path):
        with open(path, newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            next(rows, None)
            for name, line, column, message in rows:
                listed[Problem(name, int(line), column, message)] = None
    return write_problems([*listed, *(p for p in problems if p not in listed)], path)
