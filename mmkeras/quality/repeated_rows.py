"""Rows that repeat another row, or contradict it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.finding import Finding, finding
from mmkeras.quality.groups import WORDS, groups_in, groups_of, lines_in, ranks_of


def duplicate_rows(
    manifest: Manifest, exact: dict[str, np.ndarray]
) -> tuple[list[Finding], np.ndarray]:
    """Rows whose inputs are all the same, by the number of the content of each input.

    Not of rows with nothing but numbers and a few words, which are the same by chance. Second:
    which rows such findings are about, bool (rows,).
    """
    keys = np.stack(list(exact.values()), axis=1)
    _, numbers = np.unique(keys, axis=0, return_inverse=True)
    numbers = np.where(_telling(manifest), numbers.ravel(), -1 - np.arange(len(manifest)))
    labels = _labels(manifest)
    copies: list[list[int]] = []
    opposed: list[list[int]] = []
    for rows in groups_of(numbers):
        (opposed if _differ([labels[row] for row in rows]) else copies).append(rows)
    lines, found = np.array(manifest.lines), []
    if opposed:
        targets = ", ".join(manifest.targets)
        groups = groups_in(opposed, lines)
        found.append(finding("contradiction", targets, *lines_in(opposed, lines), groups=groups))
    if copies:
        ranks = ranks_of(manifest)
        extra = [row for rows in copies for row in sorted(rows, key=lambda r: (ranks[r], r))[1:]]
        gone = [int(line) for line in lines[sorted(extra)]]
        groups = groups_in(copies, lines)
        inputs = ", ".join(manifest.inputs)
        found.append(finding("duplicate_row", inputs, gone, groups=groups, drop=tuple(gone)))
    about = np.zeros(len(manifest), bool)
    about[[row for rows in copies + opposed for row in rows]] = True
    return found, about


def _telling(manifest: Manifest) -> np.ndarray:
    """Which rows have a file, or a text of some words: bool (rows,)."""
    found = np.zeros(len(manifest), bool)
    for name, kind in manifest.kinds.items():
        for column in manifest.columns(name) if kind != "table" else ():
            cells = manifest.of_column(column)
            found |= [bool(c) and (kind != "text" or len(c.split()) >= WORDS) for c in cells]
    return found


def _differ(labels: Sequence[tuple[str, ...]]) -> bool:
    """Whether some target has two labels that are known."""
    return any(len({cell for cell in cells if cell}) > 1 for cells in zip(*labels, strict=True))


def _labels(manifest: Manifest) -> list[tuple[str, ...]]:
    cells = [manifest.cells(target) for target in manifest.targets]
    return list(zip(*cells, strict=True)) if cells else [()] * len(manifest)
