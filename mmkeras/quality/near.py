"""Which of many fingerprints of 128 bits are nearly alike, without comparing all with all."""

from __future__ import annotations

import numpy as np

MOST_BITS = 7  # that differ; by the pigeonhole one of eight parts of 16 bits is then the same
REACH = 256  # places in order, over which those that share a part are compared


def near_pairs(prints: np.ndarray) -> np.ndarray:
    """Pairs of places whose bits differ in at most `MOST_BITS`: int64 (pairs, 2), each once.

    `prints` is uint64 (n, 2). Of equal ones each is paired with the first, and the first with what
    is near. Where more than `REACH` share a part, as flat pictures do, a few may be missed.
    """
    _, first, of = np.unique(prints, axis=0, return_index=True, return_inverse=True)
    equal = np.stack([first[of.ravel()], np.arange(len(prints))], axis=1)
    found = [equal[equal[:, 0] != equal[:, 1]]]
    different = prints[first]
    parts = different.astype(">u8").view(">u2").reshape(len(first), 8)
    for part in range(8):
        order = np.lexsort((different[:, 1], different[:, 0], parts[:, part]))
        keys, ordered = parts[order, part], different[order]
        for step in range(1, min(REACH, len(order) - 1) + 1):
            at = np.flatnonzero(keys[step:] == keys[:-step])
            if not len(at):
                break
            apart = np.bitwise_count(ordered[at] ^ ordered[at + step]).sum(axis=1)
            near = at[apart <= MOST_BITS]
            found.append(first[np.stack([order[near], order[near + step]], axis=1)])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def clusters(pairs: np.ndarray, count: int) -> np.ndarray:
    """The number of the cluster of each of `count` things, the smallest place in it: (count,)."""
    of = np.arange(count)
    while True:  # a few rounds: labels fall along the pairs until none falls any more
        lower = of.copy()
        np.minimum.at(lower, pairs[:, 0], of[pairs[:, 1]])
        np.minimum.at(lower, pairs[:, 1], of[pairs[:, 0]])
        lower = lower[lower]
        if (lower == of).all():
            return of
        of = lower
