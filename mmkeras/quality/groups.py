"""Cells and rows that are the same, as numbers and groups."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np

from mmkeras.manifest import Manifest

BETWEEN = re.compile(r"[\W_]+")  # words
WORDS = 4  # of a text, from which on it is taken for one that is not there twice by chance
KEPT_FIRST = ("test", "valid", "train")  # of copies in several splits


def normalised(text: str) -> str:
    """A text without case, accents' spelling, punctuation and spare spaces.

    >>> normalised("  A BLACK cat…"), normalised("a black\\tcat!")
    ('a black cat', 'a black cat')
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return BETWEEN.sub(" ", folded).strip()


def numbers_of(cells: Iterable[str]) -> np.ndarray:
    """A number for each cell that equal ones share, (cells,)."""
    seen: dict[str, int] = {}
    return np.array([seen.setdefault(cell, len(seen)) for cell in cells], np.int64)


def groups_of(numbers: np.ndarray) -> list[list[int]]:
    """The places of each number that several have."""
    order = np.argsort(numbers, kind="stable")
    begins = np.concatenate([[0], np.flatnonzero(np.diff(numbers[order])) + 1, [len(order)]])
    several = np.flatnonzero(np.diff(begins) > 1)
    return [order[begins[at] : begins[at + 1]].tolist() for at in several]


def ranks_of(manifest: Manifest) -> list[int]:
    """Which of several copies is kept, the lowest; rows without a split are all alike."""
    if "split" not in manifest.table:
        return [0] * len(manifest)
    return [KEPT_FIRST.index(name) for name in manifest.of_column("split")]


def lines_in(groups: Sequence[list[int]], lines: np.ndarray) -> tuple[np.ndarray]:
    return (lines[sorted(row for rows in groups for row in rows)],)


def groups_in(groups: Sequence[list[int]], lines: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(line) for line in lines[rows]) for rows in groups)
