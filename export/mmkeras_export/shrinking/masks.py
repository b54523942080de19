"""Which weights stay and which become zero: scores to masks, in NumPy alone.

Scores are arrays of the weights' shapes, higher is dearer: absolute values, or what movement found.
A mask is True where a weight stays.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from mmkeras_export.shrinking.layouts import Layout

N_OF_M = re.compile(r"(\d+):(\d+)")
# Of each kernel, whatever the others have: a threshold for all could cut a layer through ("layer
# collapse": Tanaka et al., "Pruning neural networks without any data", NeurIPS 2020).
SURE = 0.01

Block = tuple[int, int]  # weights beside each other along the inputs, along the outputs


def n_of_m(sparsity: float | str) -> tuple[int, int] | None:
    """(2, 4) of "2:4", None of a share. Raises ValueError for what is neither."""
    if isinstance(sparsity, str):
        found = N_OF_M.fullmatch(sparsity)
        n, m = map(int, found.groups()) if found else (0, 0)
        if not 0 < n < m:
            raise ValueError(
                f"a pattern keeps N of M weights, as '2:4' or '4:8'. Received: {sparsity!r}"
            )
        return n, m
    if not 0 <= sparsity < 1:
        raise ValueError(
            "sparsity is a share of zeros, at least 0 and below 1, or a pattern as '2:4'. "
            f"Received: {sparsity}"
        )
    return None


def masks_of(
    scores: Sequence[np.ndarray],
    layouts: Sequence[Layout],
    sparsity: float | str,
    block: Block = (1, 1),
    together: bool = False,
) -> list[np.ndarray]:
    """A mask for each array: a share of zeros, or the dearest N of M weights beside each other.

    A share goes by blocks, each with the mean of its scores, and by each array, or by all of them
    `together`. Raises ValueError for a sparsity or a block that is none, and for N:M of blocks.
    """
    pattern = n_of_m(sparsity)
    check_block(block)
    views = [layout.matrices(each) for layout, each in zip(layouts, scores, strict=True)]
    if pattern is not None:
        if block != (1, 1):
            raise ValueError(f"{sparsity!r} is a pattern of single weights. Received: {block=}")
        kept = [keep_n_of_m(view, *pattern) for view in views]
    else:
        pooled = [block_means(view, block) for view in views]
        assert not isinstance(sparsity, str)
        found = (
            keep_together(pooled, sparsity)
            if together
            else [keep_dearest(each, sparsity) for each in pooled]
        )
        kept = [spread(e, block, v.shape) for e, v in zip(found, views, strict=True)]
    return [
        layout.kernel(mask, each.shape)
        for layout, mask, each in zip(layouts, kept, scores, strict=True)
    ]


def keep_dearest(scores: np.ndarray, share: float) -> np.ndarray:
    """True for all but `share` of the scores, exactly so many whatever is alike; one at least."""
    kept = max(1, round(scores.size * (1 - share)))
    mask = np.zeros(scores.size, bool)
    mask[np.argpartition(scores, scores.size - kept, axis=None)[scores.size - kept :]] = True
    return mask.reshape(scores.shape)


def keep_together(scores: Sequence[np.ndarray], share: float) -> list[np.ndarray]:
    """As `keep_dearest` for one threshold over all arrays; each keeps its dearest hundredth."""
    flat = np.concatenate([each.ravel() for each in scores])
    sure = [keep_dearest(each, 1 - SURE).ravel() for each in scores]
    flat[np.concatenate(sure)] = np.inf
    ends = np.cumsum([each.size for each in scores])[:-1]
    parts = np.split(keep_dearest(flat, share), ends)
    return [part.reshape(each.shape) for part, each in zip(parts, scores, strict=True)]


def keep_n_of_m(matrices: np.ndarray, n: int, m: int) -> np.ndarray:
    """(P, I, O) to a mask: the dearest n of each m inputs; of a rest of n or fewer, all.

    Mishra et al., "Accelerating sparse deep neural networks", 2021: its hardware wants 2:4.
    """
    positions, inputs, outputs = matrices.shape
    rest = -inputs % m
    padded = np.pad(matrices, ((0, 0), (0, rest), (0, 0)), constant_values=-np.inf)
    groups = padded.reshape(positions, -1, m, outputs)
    # Of scores that are alike the first stays, as in tfmot: hence stable.
    order = np.argsort(-groups, axis=2, kind="stable")
    mask = np.zeros(groups.shape, bool)
    np.put_along_axis(mask, order[:, :, :n], True, axis=2)
    return mask.reshape(positions, -1, outputs)[:, :inputs]


def block_means(matrices: np.ndarray, block: Block) -> np.ndarray:
    """(P, I, O) to the means of its blocks, those at the end of what there is of them."""
    if block == (1, 1):
        return matrices.copy()
    sums = np.asarray(matrices, np.float64)
    for axis, size in enumerate(block, start=1):
        starts = np.arange(0, matrices.shape[axis], size)
        counts = np.diff([*starts, matrices.shape[axis]])
        sums = np.add.reduceat(sums, starts, axis=axis)
        sums /= counts.reshape([-1 if i == axis else 1 for i in range(3)])
    return sums.astype(np.float32)


def spread(blocks: np.ndarray, block: Block, shape: tuple[int, ...]) -> np.ndarray:
    """A mask of blocks as one of weights, (P, I, O)."""
    rows, columns = block
    return blocks.repeat(rows, axis=1).repeat(columns, axis=2)[:, : shape[1], : shape[2]]


def check_block(block: Block) -> None:
    """Raises ValueError for what is no block."""
    if len(block) != 2 or min(block) < 1:
        raise ValueError(
            "a block is (inputs, outputs), numbers of weights beside each other, as (4, 1). "
            f"Received: {block}"
        )
