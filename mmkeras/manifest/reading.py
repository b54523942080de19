"""A file of rows to a table of text cells, each row known by its line."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.manifest.problems import Problem

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Every cell as text, indexed by the line on which its row begins, and the rows that do not
    have as many cells as the header, cut or filled. Not by pandas, which forgets the lines."""
    import pandas as pd

    lines, rows, ragged = [], [], []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            begin = reader.line_num + 1
            for row in reader:
                if row:  # a blank line is no row
                    lines.append(begin)
                    rows.append((row + [""] * len(header))[: len(header)])
                if row and len(row) != len(header):
                    message = f"{len(row)} cells, wanted {len(header)}; quote cells with commas"
                    ragged.append(Problem(str(path.absolute()), begin, "row", message))
                begin = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no readable CSV in UTF-8 with a header: {error}") from error
    twice = [column for column, count in Counter(header).items() if count > 1]
    if not rows or twice:
        what = f"column {twice[0]!r} stands twice in the header" if twice else "it has no rows"
        raise ValueError(f"{path}: wanted a CSV with a header and rows; {what}")
    return pd.DataFrame(rows, pd.Index(lines, name="line"), header, dtype=str), ragged
