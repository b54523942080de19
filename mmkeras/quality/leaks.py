"""What tells the label without being what it is about: a column, a property of files, an absence.

A column tells a label when, of half of the rows, the most frequent label of each of its values is
right of nearly all of the others. Numbers are cut into ranges first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.columns import FileColumn
from mmkeras.quality.finding import Finding, finding
from mmkeras.quality.groups import normalised, numbers_of
from mmkeras.targets import LABELS, strata

TOLD = 0.98  # share of rows that a leak tells right
LEFT = 0.2  # share of the mistakes of always saying the most frequent label that it leaves
NAMED = 0.5  # share of rows whose text names the label
RANGES = 64  # of numbers
LOOKED_AT = 200_000  # rows, spread over the manifest
FEWEST = 30  # rows that such a share wants
PROPERTIES = {"image": ("width_px", "height_px"), "audio": ("rate_hz", "channels", "seconds")}


def leaks(manifest: Manifest, columns: list[FileColumn], target: str) -> Iterator[Finding]:
    """All that tells this target on its own."""
    labels = strata(manifest.cells(target), manifest.kind_of(target))
    known = np.flatnonzero(labels != "")
    step = max(len(known) // LOOKED_AT, 1)
    rows = known[::step]
    if manifest.kind_of(target) in LABELS:
        yield from _named_in_texts(manifest, target, labels, rows)
    if len(rows) < FEWEST:
        return
    truth = numbers_of(labels[rows])
    halves = _halves(manifest, rows)
    lines = np.array(manifest.lines)[rows]
    for name, column, codes in _candidates(manifest, columns, rows):
        right, usual = told(codes, truth, halves)
        if right >= TOLD and 1 - right <= LEFT * (1 - usual):
            yield finding(name, column, lines, f"{right:.1%} of {target}, {usual:.1%} without")


def told(codes: np.ndarray, truth: np.ndarray, halves: np.ndarray) -> tuple[float, float]:
    """Share of the second half (True in `halves`) whose label the first half's most frequent one
    of the same code tells, and the same for one code alone. All are (rows,).

    >>> told(np.array([0, 1, 0, 1]), np.array([5, 6, 5, 6]), np.array([0, 0, 1, 1], bool))
    (1.0, 0.5)
    """
    first, second = ~halves, halves
    usual = np.bincount(truth[first]).argmax()
    answers = np.full(codes.max() + 1, usual)
    pairs, counts = np.unique(np.stack([codes[first], truth[first]]), axis=1, return_counts=True)
    order = np.argsort(counts, kind="stable")  # the most frequent one is written last
    answers[pairs[0, order]] = pairs[1, order]
    right = answers[codes[second]] == truth[second]
    return float(right.mean()), float((truth[second] == usual).mean())


def _halves(manifest: Manifest, rows: np.ndarray) -> np.ndarray:
    """A random half of the rows, whole groups of them: a name is no leak when it comes once."""
    groups = np.arange(len(rows))
    if manifest.group:
        cells = [cell or f"row {row}" for row, cell in enumerate(manifest.groups)]
        groups = numbers_of(cells[row] for row in rows)
    draw = np.random.default_rng(0).permutation(groups.max() + 1) % 2 == 0
    halves = draw[groups]
    halves[0], halves[-1] = False, True  # neither is empty
    return halves


def _candidates(
    manifest: Manifest, columns: list[FileColumn], rows: np.ndarray
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Name of the finding, column, and a code for each row."""
    for name, kind in manifest.kinds.items():
        for column in manifest.columns(name) if kind in ("table", "text") else ():
            cells = manifest.table[column].to_numpy(object)[rows]
            yield "leaking_column", column, _codes(cells)
    for of in columns:
        there = of.index[rows]
        for measure in PROPERTIES.get(of.kind, ()):
            values = np.append(of.measure(measure), np.nan)[there]
            if len(np.unique(values)) > 1:
                yield "leaking_property", f"{of.column} ({measure})", _ranges(values)
        endings = np.array([path.rpartition(".")[2].lower()[-8:] for path in of.paths] + [""])
        if len(set(endings[there])) > 1:
            yield "leaking_property", f"{of.column} (format)", _codes(endings[there])
    absent = [(manifest.table[c] == "").to_numpy()[rows] for n in manifest.inputs
              for c in manifest.columns(n) if manifest.kinds[n] != "table"]  # fmt: skip
    pattern = np.unique(
        np.stack(absent or [np.zeros(len(rows), bool)]), axis=1, return_inverse=True
    )
    yield "leaking_absence", ", ".join(manifest.inputs), pattern[1].ravel()


def _codes(cells: np.ndarray) -> np.ndarray:
    """A number for each value; ranges of what is numbers of many values."""
    codes = numbers_of(cells)
    if codes.max() >= RANGES:
        try:
            return _ranges(np.array([float(cell or "nan") for cell in cells]))
        except ValueError:
            pass  # words
    return codes


def _ranges(values: np.ndarray) -> np.ndarray:
    """The number of the range of each value, with as many in each; NaN is one of its own."""
    known = values[~np.isnan(values)]
    different = np.unique(known)
    edges = different[1:]
    if len(different) > RANGES:
        edges = np.unique(np.quantile(known, np.arange(1, RANGES) / RANGES))
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, "right"))


def _named_in_texts(
    manifest: Manifest, target: str, labels: np.ndarray, rows: np.ndarray
) -> Iterator[Finding]:
    words = {label: f" {normalised(label)} " for label in set(labels[rows])}
    if len(words) < 2 or sum(len(word) for word in words.values()) < 5 * len(words):
        return  # labels of a letter or a digit are in every text
    for name, kind in manifest.kinds.items():
        for column in manifest.columns(name) if kind == "text" else ():
            cells = manifest.table[column].to_numpy(object)
            there = [row for row in rows if cells[row]]
            naming = [r for r in there if words[labels[r]] in f" {normalised(cells[r])} "]
            if naming and len(naming) >= NAMED * len(there):
                lines = np.array(manifest.lines)[naming]
                share = f"{len(naming) / len(there):.0%} of those that have one"
                yield finding("text_names_label", column, lines, share)
