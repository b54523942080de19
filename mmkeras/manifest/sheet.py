"""What a source of rows comes to: text cells, each row known by its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.manifest.problems import Problem

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sheet:
    """The rows of a source as they stand there, before anybody knows what their columns mean.

    Paths in the cells are relative to the folder that `path` is in. The table's index is the line
    in the file, or the number of the row, counted from 1. `roles` has what the source itself says
    of its columns.
    """

    path: Path
    table: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)


def sheet_of(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    lines: Sequence[int],
    problems: Sequence[Problem] = (),
    roles: Mapping[str, str] | None = None,
) -> Sheet:
    """From cells by column. Raises ValueError where there is no row."""
    import pandas as pd

    if not len(lines) or not columns:
        raise ValueError(f"{path}: wanted a header and rows; it has no rows")
    index = pd.Index(lines, name="line")
    table = pd.DataFrame(dict(columns), index, dtype=str)
    return Sheet(path.absolute(), table, tuple(problems), roles or {})


def check_header(path: Path, header: Sequence[str]) -> None:
    """Raises ValueError for two columns of one name."""
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        raise ValueError(f"{path}: column {twice[0]!r} stands twice in the header; rename one")
