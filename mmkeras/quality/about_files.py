"""Findings of single files: what cannot be read, what is empty of content, what is unusual."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.columns import FileColumn
from mmkeras.quality.finding import FINDINGS, Finding, finding

EMPTIED = ("silent", "blank", "flat")  # what --fix takes for absent


def about_files(manifest: Manifest, column: FileColumn) -> Iterator[Finding]:
    """All that is known of a column's files on their own."""
    lines = np.array(manifest.lines)
    yield from _wrong(manifest, column, lines)
    for note, files in column.notes.items():
        rows = column.rows_of(files)
        kept = _kept(manifest, column, rows) if note in EMPTIED else np.array([], int)
        yield finding(note, column.column, lines[rows], cells=dict.fromkeys(_ints(lines[kept]), ""))
    if column.kind == "audio":
        yield from _rates(column, lines)
    if column.kind == "sensor":
        yield from _channels(column, lines)


def _wrong(manifest: Manifest, column: FileColumn, lines: np.ndarray) -> Iterator[Finding]:
    for name in FINDINGS:
        files = np.zeros(len(column.paths), bool)
        files[[place for place, (of, _) in column.wrong.items() if of == name]] = True
        if not files.any():
            continue
        rows = column.rows_of(files)
        details = {int(lines[row]): column.wrong[int(column.index[row])][1] for row in rows}
        error = FINDINGS[name].severity == "error"
        drop = tuple(_ints(lines[rows])) if error else ()
        yield finding(name, column.column, lines[rows], details=details, drop=drop)


def _kept(manifest: Manifest, column: FileColumn, rows: np.ndarray) -> np.ndarray:
    """Those of the rows that have another input left."""
    others = [c for name in manifest.inputs for c in manifest.columns(name) if c != column.column]
    if not others or len(manifest.columns(column.name)) > 1:  # a view is not emptied on its own
        return rows[:0]
    return rows[(manifest.table[others].iloc[rows] != "").any(axis=1).to_numpy()]


def _rates(column: FileColumn, lines: np.ndarray) -> Iterator[Finding]:
    rates = column.measure("rate_hz")
    values, counts = np.unique(rates[~np.isnan(rates)], return_counts=True)
    if len(values) < 2:
        return
    usual = values[counts.argmax()]
    rows = column.rows_of(~np.isnan(rates) & (rates != usual))
    others = ", ".join(f"{value:,.0f}" for value in values if value != usual)
    yield finding("mixed_rates", column.column, lines[rows], f"{others} Hz beside {usual:,.0f}")


def _channels(column: FileColumn, lines: np.ndarray) -> Iterator[Finding]:
    channels = column.measure("channels")
    values, counts = np.unique(channels[~np.isnan(channels)], return_counts=True)
    if len(values) < 2:
        return
    usual = values[counts.argmax()]
    rows = column.rows_of(~np.isnan(channels) & (channels != usual))
    more = f"{usual:.0f} channels are usual"
    yield finding(
        "other_channels", column.column, lines[rows], more, drop=tuple(_ints(lines[rows]))
    )


def _ints(lines: np.ndarray) -> list[int]:
    return [int(line) for line in lines]
