"""The order of the rows of an epoch: all shuffled, or, beyond the memory, window by window."""

from __future__ import annotations

import numpy as np

from mmkeras.prepared import Prepared

WINDOW_MB = 512  # of rows that are mixed at a time; so much of the disk is read in turns


def order_of(
    data: Prepared, random: np.random.Generator, rows: np.ndarray | None = None
) -> np.ndarray:
    """The rows (default: each once) in the order of an epoch, (rows,).

    In memory, and where the set fits into `WINDOW_MB`, any order is as likely as any other. A
    larger set is mixed in windows: its shards come in a random order, as many as fill a window
    next to each other, and the rows of a window in a random order. Each row comes as often as
    asked; two rows of a shard come within one window of each other; each epoch mixes other shards.
    As a shard is itself a sample of all rows, a batch is one of its window. The same data and
    state of `random` give the same order.
    """
    rows = np.arange(len(data)) if rows is None else rows.copy()
    window = max(WINDOW_MB * 2**20 // max(row_bytes_of(data), 1), 1)
    if data.shards is None or len(rows) <= window:
        random.shuffle(rows)
        return rows
    numbers, places = np.unique(data.shards, return_inverse=True)
    rank = random.permutation(len(numbers))[places[rows]]
    rows = rows[np.argsort(rank, kind="stable")]
    ends = np.cumsum(np.bincount(rank, minlength=len(numbers)))  # of the shards, as they come
    start = 0
    while start < len(rows):
        fits = ends[(ends > start) & (ends <= start + window)]
        end = int(fits[-1]) if len(fits) else int(ends[ends > start][0])
        random.shuffle(rows[start:end])
        start = end
    return rows


def row_bytes_of(data: Prepared) -> int:
    """Of the arrays of one row that lie on the disk."""
    return sum(
        column.values.dtype.itemsize * int(np.prod(column.values.shape[1:]))
        for column in data.inputs.values()
        if not isinstance(column.values, np.ndarray)
    )
