"""Files and texts that are there several times, exactly or nearly, and which a split parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.columns import ABSENT, FileColumn
from mmkeras.quality.finding import Finding, finding
from mmkeras.quality.groups import (
    WORDS,
    groups_in,
    groups_of,
    lines_in,
    normalised,
    numbers_of,
    ranks_of,
)
from mmkeras.quality.near import clusters, near_pairs

COLOUR_LEVELS = 8.0  # by which the mean colours of near duplicates differ at most
LENGTH_SHARE = 0.05  # by which the lengths of sounds that are near duplicates differ at most
MOST_LEFT_OUT = 0.2  # share of rows that are left out as copies of what is tested on


def duplicate_files(manifest: Manifest, column: FileColumn, known: np.ndarray) -> Iterator[Finding]:
    """Files of the same or nearly the same content, in several splits or under several names."""
    exact = exact_numbers(column)
    yield from _of_files(manifest, column.column, column.index, exact, known, near=False)
    near = _near_numbers(column, exact)
    if near is not None:
        yield from _of_files(manifest, column.column, column.index, near, known, near=True)


def duplicate_texts(manifest: Manifest, column: str, known: np.ndarray) -> Iterator[Finding]:
    """Texts of some words that are the same but for case and punctuation, in several splits."""
    texts = [normalised(cell) for cell in manifest.of_column(column)]
    long = np.array([text.count(" ") >= WORDS - 1 for text in texts], bool)
    numbers = numbers_of(texts)
    index = np.where(long, np.arange(len(texts)), ABSENT)
    for of in _of_files(manifest, column, index, numbers, known, near=False):
        if of.name == "duplicate_across_splits":
            yield finding("text_across_splits", column, of.lines, groups=of.groups)


def exact_numbers(column: FileColumn) -> np.ndarray:
    """A number for each file that files of the same content share, (files,)."""
    numbers = np.unique(column.digests, return_inverse=True)[1].ravel()
    unread = column.digests == b""
    numbers[unread] = len(numbers) + np.flatnonzero(unread)
    return numbers


def _near_numbers(column: FileColumn, exact: np.ndarray) -> np.ndarray | None:
    """A number for each file that near duplicates share; None where there are none."""
    places = np.flatnonzero(column.printed)
    if len(places) < 2:
        return None
    pairs = places[near_pairs(column.prints[places])]
    pairs = pairs[_alike(column, pairs) & (exact[pairs[:, 0]] != exact[pairs[:, 1]])]
    if not len(pairs):
        return None
    numbers = clusters(pairs, len(column.paths))
    joined = np.bincount(numbers, minlength=len(numbers))[numbers] > 1
    first = np.unique(exact, return_index=True)[1][np.unique(exact, return_inverse=True)[1]]
    return np.where(joined[first], numbers[first], np.arange(len(numbers)))  # exact copies too


def _alike(column: FileColumn, pairs: np.ndarray) -> np.ndarray:
    """Which pairs also have the same colours, or the same length."""
    first, second = pairs[:, 0], pairs[:, 1]
    if column.kind == "audio":
        seconds = column.measure("seconds")
        longer = np.maximum(seconds[first], seconds[second])
        return np.abs(seconds[first] - seconds[second]) <= LENGTH_SHARE * longer
    colours = np.stack([column.measure(name) for name in ("red", "green", "blue")], axis=1)
    return (np.abs(colours[first] - colours[second]) <= COLOUR_LEVELS).all(axis=1)


def _of_files(
    manifest: Manifest,
    name: str,
    index: np.ndarray,
    numbers: np.ndarray,
    known: np.ndarray,
    near: bool,
) -> Iterator[Finding]:
    """Of rows that share a number of their file, but for those `known` to repeat as a whole."""
    there = index != ABSENT
    of_row = np.where(there, numbers[np.where(there, index, 0)], -1 - np.arange(len(index)))
    splits = manifest.of_column("split") if "split" in manifest.table else None
    apart = _groups_of_rows(manifest)
    lines = np.array(manifest.lines)
    across, loose = [], []
    for rows in groups_of(of_row):
        if splits is not None:
            if len({splits[row] for row in rows}) > 1:
                across.append(rows)
        elif _part(rows, index, apart) and not known[rows].all():
            loose.append(rows)
    if across:
        title = "near_duplicate_across_splits" if near else "duplicate_across_splits"
        groups = groups_in(_files(across, index), lines)
        found = finding(title, name, *lines_in(across, lines), groups=groups)
        drop = () if near else _learned(manifest, across, lines)
        yield Finding(**{**vars(found), "drop": drop})
    if loose:
        title = "near_duplicate_file" if near else "duplicate_file"
        groups = groups_in(_files(loose, index), lines)
        yield finding(title, name, *lines_in(loose, lines), groups=groups)


def _files(groups: Sequence[list[int]], index: np.ndarray) -> list[list[int]]:
    """Of each group the first row of each file; all rows where it is one file."""
    first = [list({index[row]: row for row in reversed(rows)}.values())[::-1] for rows in groups]
    return [few if len(few) > 1 else rows for few, rows in zip(first, groups, strict=True)]


def _part(rows: Sequence[int], index: np.ndarray, apart: Sequence[str | int]) -> bool:
    """Whether they are of several files and of several groups, so that a split may part them."""
    return len({index[row] for row in rows}) > 1 and len({apart[row] for row in rows}) > 1


def _learned(manifest: Manifest, across: Sequence[list[int]], lines: np.ndarray) -> tuple[int, ...]:
    """The rows to leave out so that what is tested on was never learned, nor chosen by.

    None where they are many: a few files in every row, as one instruction spoken, are no copies.
    """
    ranks = ranks_of(manifest)
    gone = [r for rows in across for r in rows if ranks[r] > min(ranks[row] for row in rows)]
    if len(gone) > MOST_LEFT_OUT * len(manifest):
        return ()
    return tuple(int(line) for line in lines[sorted(gone)])


def _groups_of_rows(manifest: Manifest) -> list[str | int]:
    """The group of each row; without one it is its own."""
    return [group or row for row, group in enumerate(manifest.groups)]
