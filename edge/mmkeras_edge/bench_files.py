"""What `bench` measured: a row in a table of boards, and a picture that wants no package."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from mmkeras_edge.writing import write_whole

WIDTH, LEFT, RIGHT, LINE = 760, 190, 70, 22  # px
CHART = WIDTH - LEFT - RIGHT
HEIGHT = 150  # of the course over time
BLUE, PALE, RED, GREY = "#3465a4", "#b9cbe3", "#c0392b", "#888"


def board_row(measured: Mapping[str, Any]) -> dict[str, Any]:
    """One row a board and file, flat; what a board does not say is empty."""
    stages, board, after = measured["stages_ms"], measured["board"], measured["after"]
    warmest = [w["temperature_c"] for w in measured["sustained"]] + [after["temperature_c"]]
    before = after["throttled_before"]
    return {
        "board": board["model"] or board["machine"],
        "system": board["system"],
        "file": os.path.basename(measured["file"]),
        "precision": measured["precision"],
        "runtime": measured["runtime"],
        "threads": measured["threads"],
        "load_ms": round(measured["load_ms"], 1),
        **{f"predict_{p}_ms": round(stages["predict"][p], 3) for p in ("p50", "p95", "p99")},
        "invoke_p50_ms": round(stages["invoke"]["p50"], 3),
        "peak_mb": round(measured["peak_mb"], 1),
        "warmest_c": max((t for t in warmest if t is not None), default=""),
        "throttled_since_boot": "" if before is None else "; ".join(before) or "no",
    }


def append_row(path: str | os.PathLike[str], row: Mapping[str, Any]) -> None:
    """Adds a row to a CSV, which it writes anew beside its place; ValueError for another table."""
    path, text = os.fspath(path), io.StringIO(newline="")
    rows: list[list[str]] = []
    if os.path.exists(path):
        try:
            with open(path, encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
        except (UnicodeDecodeError, csv.Error) as error:
            raise ValueError(f"{path!r} is no CSV ({error}); give a new file") from error
        if rows and rows[0] != list(row):
            raise ValueError(f"{path!r} has other columns: {', '.join(rows[0])}; give a new file")
    csv.writer(text).writerows([*(rows or [list(row)]), list(row.values())])
    write_whole(path, text.getvalue())


def picture(measured: Mapping[str, Any]) -> str:
    """An SVG: a bar a stage up to its median, thin up to its 95th percentile; below, the course of
    a sustained measurement with its temperature."""
    stages, board = measured["stages_ms"], measured["board"]
    title = f"{os.path.basename(measured['file'])} on {board['model'] or board['machine']}"
    about = (
        f"{measured['runtime']}, {measured['threads']} threads, milliseconds: median, "
        "and thin the 95th percentile"
    )
    parts = [_text(10, 24, title, 16), _text(10, 44, about, 12, GREY)]
    longest = max(stage["p95"] for stage in stages.values())
    for i, (name, stage) in enumerate(stages.items()):
        y = 60 + LINE * i
        thick, thin = (CHART * stage[p] / longest for p in ("p50", "p95"))
        parts += [
            _text(LEFT - 8, y + 14, name, 12, anchor="end"),
            f'<rect x="{LEFT}" y="{y + 8}" width="{thin:.1f}" height="4" fill="{PALE}"/>',
            f'<rect x="{LEFT}" y="{y + 2}" width="{thick:.1f}" height="16" fill="{BLUE}"/>',
            _text(LEFT + thin + 6, y + 14, f"{stage['p50']:.3g}", 12),
        ]
    height = 60 + LINE * len(stages) + 20
    if len(measured["sustained"]) > 1:
        parts += _course(measured["sustained"], height)
        height += HEIGHT + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>'
        f"{''.join(parts)}</svg>\n"
    )


def _course(windows: Sequence[Mapping[str, Any]], top: int) -> list[str]:
    minutes = windows[-1]["second"] / 60
    parts = [
        _text(10, top + 14, f"predictions without a pause for {minutes:.3g} minutes", 12, GREY)
    ]
    kinds = [("p50", "median, ms", BLUE), ("temperature_c", "°C", RED)]
    for i, (key, unit, colour) in enumerate(kinds):
        points = [(w["second"], w[key]) for w in windows if w[key] is not None]
        if len(points) < 2:
            continue
        highest = 1.1 * max(value for _, value in points)
        path = " ".join(
            f"{LEFT + CHART * second / windows[-1]['second']:.1f},"
            f"{top + 24 + HEIGHT * (1 - value / highest):.1f}"
            for second, value in points
        )
        legend = f"{unit}: {points[0][1]:.3g} to {points[-1][1]:.3g}"
        parts += [
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
            _text(LEFT - 8, top + 40 + 18 * i, legend, 12, colour, anchor="end"),
        ]
    base = top + 24 + HEIGHT
    parts.append(f'<path d="M{LEFT} {base}h{CHART}" stroke="{GREY}"/>')
    return parts


def _text(
    x: float, y: float, text: str, size: int, colour: str = "black", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
