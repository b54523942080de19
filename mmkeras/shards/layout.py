"""Which rows go into which shard: decided by their number and size alone."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from mmkeras_edge.specs import InputSpec

SHARD_BYTES = 32 << 20  # large enough to be read at the disk's speed, small enough for a window
FEWEST = 16  # shards of a set that would fill less: so many processes have work
SMALLEST = 64  # rows; a set of fewer is one shard
BLOCK = 16  # rows that stay together: neighbours often share a file, which is then stored once


def row_bytes(specs: Iterable[InputSpec]) -> int:
    """Of the arrays of one row, if all of them are distinct."""
    return sum(math.prod(spec.shape) * np.dtype(spec.dtype).itemsize for spec in specs)


def layout(rows: int, bytes_each: int, shard_bytes: int = SHARD_BYTES) -> list[np.ndarray]:
    """The positions of the rows of each shard, each in ascending order.

    Blocks of neighbouring rows are dealt at random, always alike: manifests are sorted by class as
    often as not, and a shard should be a sample of all rows.
    """
    wanted = min(shard_bytes // max(bytes_each, 1), max(SMALLEST, -(-rows // FEWEST)))
    each = max(wanted // BLOCK, 1)
    blocks = np.random.default_rng(0).permutation(-(-rows // BLOCK))
    found = []
    for first in range(0, len(blocks), each):
        starts = np.sort(blocks[first : first + each]) * BLOCK
        positions = (starts[:, None] + np.arange(BLOCK)).ravel()
        found.append(positions[positions < rows])
    return found
