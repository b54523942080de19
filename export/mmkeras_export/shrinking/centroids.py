"""k-means of numbers on a line, exact in each step and fast for millions of weights.

Once all is sorted, clusters are stretches of the line: where one ends is a binary search, what it
sums to a difference of running sums. A step of Lloyd's costs k logarithms, not n distances.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

STEPS = 300  # a bound: clusters of a line settle after some tens
SAMPLE = 50_000  # numbers that k-means++ draws from
SEED = 0


def kmeans(values: np.ndarray, clusters: int, init: str = "linear") -> np.ndarray:
    """Centroids of numbers of any shape, ascending, at most so many; fewer where fewer differ.

    Lloyd, "Least squares quantization in PCM", 1982, from a start of INITS until nothing moves.
    """
    line = np.sort(np.asarray(values, np.float32), axis=None).astype(np.float64)
    steps = np.flatnonzero(np.diff(line))
    if len(steps) < clusters:
        return line[[*steps, len(line) - 1]].astype(np.float32)
    sums = np.concatenate([[0.0], np.cumsum(line)])
    squares = np.concatenate([[0.0], np.cumsum(line**2)])
    centroids = np.sort(INITS[init](line, clusters))
    for _ in range(STEPS):
        ends = _ends(line, centroids)
        counts, totals = np.diff(ends), np.diff(sums[ends])
        moved = np.where(counts > 0, totals / np.maximum(counts, 1), centroids)
        if not counts.all():
            errors = np.diff(squares[ends]) - totals**2 / np.maximum(counts, 1)
            moved = _refilled(moved, counts, errors)
        if np.array_equal(moved, centroids):
            break
        centroids = moved
    return np.unique(centroids.astype(np.float32))


def nearest(values: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """The number of the nearest of some ascending centroids, int32, of the shape of the values."""
    borders = (centroids[1:] + centroids[:-1]) / 2
    return np.searchsorted(borders, values).astype(np.int32)


def linear(line: np.ndarray, clusters: int) -> np.ndarray:
    """Evenly from the smallest to the largest: keeps the few large weights, which matter most.

    Han, Mao and Dally, "Deep compression", ICLR 2016, section 3.2: the best of the three there.
    """
    return np.linspace(line[0], line[-1], clusters)


def density(line: np.ndarray, clusters: int) -> np.ndarray:
    """As many numbers to each."""
    return line[((np.arange(clusters) + 0.5) / clusters * len(line)).astype(int)]


def plus_plus(line: np.ndarray, clusters: int) -> np.ndarray:
    """Each drawn by its squared distance from those before: Arthur and Vassilvitskii, SODA 2007."""
    random = np.random.default_rng(SEED)
    sample = line[np.linspace(0, len(line) - 1, min(SAMPLE, len(line))).astype(int)]
    drawn = [random.choice(sample)]
    far = (sample - drawn[0]) ** 2
    for _ in range(clusters - 1):
        if not far.any():
            break
        drawn.append(random.choice(sample, p=far / far.sum()))
        far = np.minimum(far, (sample - drawn[-1]) ** 2)
    return np.array(drawn)


INITS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "linear": linear,
    "density": density,
    "kmeans++": plus_plus,
}


def _ends(line: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Where on the sorted line the clusters begin and end, (k + 1,)."""
    borders = (centroids[1:] + centroids[:-1]) / 2
    return np.concatenate([[0], np.searchsorted(line, borders), [len(line)]])


def _refilled(centroids: np.ndarray, counts: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Centroids that nothing is near go beside those with the largest errors, and split them."""
    empty = np.flatnonzero(counts == 0)
    worst = np.argsort(-errors)[: len(empty)]
    worst = worst[errors[worst] > 0]
    spread = np.sqrt(errors[worst] / counts[worst])
    centroids[empty[: len(worst)]] = centroids[worst] + spread
    centroids[worst] -= spread
    return np.sort(centroids)
