"""Which of many fingerprints of 128 bits are nearly alike, without comparing all with all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

MOST_BITS = 7  # that differ; by the pigeonhole one of eight parts of 16 bits is then the same
CROWD = 512  # fingerprints that share a part, from which on only neighbours in order are compared
NEIGHBOURS = 16


def near_pairs(prints: np.ndarray) -> np.ndarray:
    """Pairs of places whose bits differ in at most `MOST_BITS`: int64 (pairs, 2), each once.

    `prints` is uint64 (n, 2). Equal ones are among them. Within a crowd that shares a part, as
    flat pictures do, a few may be missed.
    """
    parts = prints.astype(">u8").view(">u2").reshape(len(prints), 8)
    found = [np.zeros((0, 2), np.int64)]
    for part in range(8):
        for places in _crowds(parts[:, part]):
            pairs = _candidates(places, prints)
            apart = np.bitwise_count(prints[pairs[:, 0]] ^ prints[pairs[:, 1]]).sum(axis=1)
            found.append(pairs[apart <= MOST_BITS])
    pairs = np.sort(np.concatenate(found), axis=1)
    return np.unique(pairs, axis=0)


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


def _crowds(keys: np.ndarray) -> Iterator[np.ndarray]:
    """The places of each key that several have."""
    order = np.argsort(keys, kind="stable")
    edges = np.flatnonzero(np.diff(keys[order])) + 1
    begins = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(keys)]])
    for begin, end in zip(begins, ends, strict=True):
        if end - begin > 1:
            yield order[begin:end]


def _candidates(places: np.ndarray, prints: np.ndarray) -> np.ndarray:
    if len(places) <= CROWD:
        first, second = np.triu_indices(len(places), 1)
        return np.stack([places[first], places[second]], axis=1)
    places = places[np.lexsort((prints[places, 1], prints[places, 0]))]
    steps = range(1, NEIGHBOURS + 1)
    return np.concatenate([np.stack([places[:-n], places[n:]], axis=1) for n in steps])
