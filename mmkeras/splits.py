"""A split: which rows are trained on, chosen by and reported on; and folds, in turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

SPLITS = ("train", "valid", "test")
SHARES = (0.7, 0.1, 0.2)
SPELLINGS = {  # what others call them
    **{name: name for name in SPLITS},
    "training": "train",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "testing": "test",
}


def split_named(name: str) -> str | None:
    """The split that is called so.

    >>> split_named("Validation"), split_named("cat")
    ('valid', None)
    """
    return SPELLINGS.get(name.strip().lower())


def draw_split(
    labels: np.ndarray, groups: Iterable[str], seed: int, shares: Sequence[float] = SHARES
) -> np.ndarray:
    """The name of the split of each row, (rows,).

    Rows of one group (an empty name is a group of its own) stay together, and each class keeps
    `shares` as well as its groups allow: one with a single group is trained, one with two is
    tested too.
    """
    random = np.random.default_rng(seed)
    names = np.empty(len(labels), dtype=object)
    filled: dict[str, np.ndarray] = {}
    positions = _positions(groups)
    random.shuffle(positions)
    sizes = Counter(labels[rows[0]] for rows in positions)
    for rows in sorted(positions, key=len, reverse=True):  # large groups first; stable
        label = labels[rows[0]]
        counts = filled.setdefault(label, np.zeros(len(SPLITS)))
        order = random.random(len(SPLITS))  # among parts that are equally full
        if sizes[label] < len(SPLITS):  # too few groups for all parts: train, then test
            order = np.array([0, 2, 1])
        part = int(np.argmin(counts / np.array(shares) + 1e-9 * order))
        counts[part] += len(rows)
        names[rows] = SPLITS[part]
    return names


def split_by_time(
    times: np.ndarray, groups: Iterable[str], shares: Sequence[float] = SHARES
) -> np.ndarray:
    """The name of the split of each row, (rows,): the earliest are trained on, the latest tested.

    Rows of one group stay together, at the time of the last of them, and so do rows of one time.
    A part may have more than its share, where many rows have one time.

    >>> [str(name) for name in split_by_time(np.array([5, 1, 2, 9]), [""] * 4, (0.5, 0.25, 0.25))]
    ['valid', 'train', 'train', 'test']
    """
    names = np.empty(len(times), dtype=object)
    positions = _positions(groups)
    last = np.array([times[rows].max() for rows in positions])
    order = np.argsort(last, kind="stable")
    sizes = np.array([len(positions[place]) for place in order])
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    _, first = np.unique(last[order], return_index=True)  # of each time
    before = before[first][np.searchsorted(last[order][first], last[order])]
    parts = np.searchsorted(np.cumsum(shares)[:-1] * len(times) - 1e-9, before, "right")
    for place, part in zip(order, parts, strict=True):
        names[positions[place]] = SPLITS[part]
    return names


def draw_folds(
    labels: np.ndarray, groups: Iterable[str], shares: Sequence[float], seed: int
) -> np.ndarray:
    """The number of the part of each row, (rows,) of 0 to len(shares) - 1.

    Rows of one group stay together, as in `draw_split`, and each part gets its share of every
    class as well as groups allow, also where a group has rows of several. Raises ValueError for
    fewer groups than parts.
    """
    random = np.random.default_rng(seed)
    positions = _positions(groups)
    if len(positions) < len(shares):
        raise ValueError(f"{len(shares)} parts want as many groups; there are {len(positions)}")
    random.shuffle(positions)
    _, classes = np.unique(labels, return_inverse=True)
    totals = np.bincount(classes)
    counts = np.zeros((len(shares), len(totals)))
    parts = np.empty(len(labels), dtype=np.int64)
    for rows in sorted(positions, key=len, reverse=True):  # large groups first; stable
        group = np.bincount(classes[rows], minlength=len(totals))
        filled = counts / np.asarray(shares)[:, None]
        # What it adds to the sum of squares of the shares of classes; then the emptiest part.
        cost = np.round(filled @ (group / totals**2), 9)
        part = np.lexsort((random.random(len(shares)), filled.sum(1), cost))[0]
        counts[part] += group
        parts[rows] = part
    return parts


def _positions(groups: Iterable[str]) -> list[np.ndarray]:
    """The row positions of each group, in order of first appearance; "" is a group of its own."""
    found: dict[str | int, list[int]] = {}
    for position, group in enumerate(groups):
        found.setdefault(group or position, []).append(position)
    return [np.array(rows) for rows in found.values()]
