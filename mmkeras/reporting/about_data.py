"""Which rows there are, of which classes, and what is absent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmkeras.pages.document import e
from mmkeras.pages.plot import Axis, Line, plot
from mmkeras.pages.tables import Cell, table
from mmkeras.targets import LABELS, labels_in

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.reporting.result import Report

MOST = 40  # classes of a table
BINS = 20


def about_data(report: Report) -> str:
    """Rows by split, absent inputs by split, labels by split."""
    splits = report.splits
    if not splits:
        return _counted(report)
    first = next(iter(splits.values()))
    parts = [f'<p class="lead">{e(_whole(report))}</p>']
    blocks = [table("Rows that have each input", ["", *splits], _inputs(splits))]
    for target in first.targets:
        kind = first.kind_of(target)
        if target not in report.run.recipe.outputs:
            continue
        blocks.append(_labels(target, splits) if kind in LABELS else _numbers(target, splits))
    return f'{"".join(parts)}<div class="blocks">{"".join(blocks)}</div>'


def _counted(report: Report) -> str:
    """What the run itself remembers."""
    rows = report.run.about.get("rows", {})
    cells: list[list[Cell]] = [[name, f"{count:,}"] for name, count in rows.items()]
    return table("Rows of the training", ["", "rows"], cells) if cells else ""


def _whole(report: Report) -> str:
    about = report.run.about["data"]
    total = sum(map(len, report.splits.values()))
    counts = ", ".join(f"{len(rows):,} {name}" for name, rows in report.splits.items())
    group = about.get("group")
    kept = f" Rows of one {group} stay in one split." if group else ""
    return f"{total:,} rows of {Path(about['path']).name}: {counts}.{kept}"


def _inputs(splits: Mapping[str, Manifest]) -> list[list[Cell]]:
    first = next(iter(splits.values()))
    rows: list[list[Cell]] = [["rows", *(f"{len(rows):,}" for rows in splits.values())]]
    for name, kind in first.kinds.items():
        shares = [_present(rows, name) for rows in splits.values()]
        rows.append(
            [
                name if name == kind else f"{name} ({kind})",
                *((f"{share:.1%}", share) for share in shares),
            ]
        )
    return rows


def _present(rows: Manifest, name: str) -> float:
    cells = rows.table[list(rows.columns(name))]
    return float((cells != "").any(axis=1).mean()) if len(rows) else 0.0


def _labels(target: str, splits: Mapping[str, Manifest]) -> str:
    counts = {name: _count(rows, target) for name, rows in splits.items()}
    order = [label for label, _ in sum(counts.values(), Counter()).most_common()]
    lines: list[list[Cell]] = []
    for label in order[:MOST]:
        cells: list[Cell] = [label]
        for of in counts.values():
            share = of[label] / max(sum(of.values()), 1)
            cells.append((f"{of[label]:,} · {share:.0%}", share))
        lines.append(cells)
    if len(order) > MOST:
        rest = [sum(of[label] for label in order[MOST:]) for of in counts.values()]
        lines.append([f"{len(order) - MOST} others", *(f"{count:,}" for count in rest)])
    return table(f"{target}: rows by label", ["label", *counts], lines)


def _count(rows: Manifest, target: str) -> Counter:
    kind = rows.kind_of(target)
    found: Iterable[str] = (one for cell in rows.cells(target) for one in labels_in(cell, kind))
    return Counter(label for label in found if label)


def _numbers(target: str, splits: Mapping[str, Manifest]) -> str:
    """Shares of the rows by range, a line a split."""
    numbers = {
        name: np.array([float(cell) for cell in rows.cells(target) if cell])
        for name, rows in splits.items()
    }
    edges = np.histogram_bin_edges(np.concatenate(list(numbers.values())), BINS)
    middles = (edges[1:] + edges[:-1]) / 2
    lines = []
    for place, (name, values) in enumerate(numbers.items()):
        shares = np.histogram(values, edges)[0] / max(len(values), 1)
        points = list(zip(middles.tolist(), (100 * shares).tolist(), strict=True))
        lines.append(Line(name, points, place))
    shown = plot(f"{target}: how it is distributed", lines, Axis(target), Axis("% of rows", 0.0))
    return f'<div class="plots">{shown}</div>'
