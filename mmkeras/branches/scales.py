"""Several stages of a backbone: fine maps of plain features beside coarse maps of rich ones."""

from __future__ import annotations

import math
from typing import NamedTuple

import keras
from keras import KerasTensor, layers

# Layers that only add or cut a border: not a stage's last word.
BORDERS = (layers.ZeroPadding2D, layers.Cropping2D)


class Map(NamedTuple):
    """A map of features within a tower."""

    tensor: KerasTensor  # (B, h, w, D)
    stride: int  # the power of two that its side is the picture's side over
    alone: bool  # all later tensors come from it


def pyramid(tower: keras.Model, scales: int, shape: tuple[int, ...]) -> keras.Model:
    """The same tower with the last maps of its last `scales` strides as outputs, finest first.

    (B, H, W, C) -> [(B, h, w, D), ...], one map for each stride of 2, 4, 8, ..., as in Lin et al.,
    "Feature pyramid networks for object detection", CVPR 2017, section 3. Raises ValueError for a
    backbone of fewer strides.
    """
    maps = stages(tower, shape)
    if not 1 <= scales <= len(maps):
        raise ValueError(
            f"{tower.name!r} has features at {len(maps)} scales. Received: scales={scales}"
        )
    return keras.Model(tower.inputs[0], maps[-scales:], name=tower.name)


def stages(tower: keras.Model, shape: tuple[int, ...]) -> list[KerasTensor]:
    """The last map of each stride above 1, finest first.

    Of each size it is the last tensor that all later ones come from, so no side branch; where
    there is none, as every cell of a NASNet reads the two before it, the widest.
    """
    maps = _maps(tower, shape)
    strides = sorted({m.stride for m in maps if 0 < m.stride <= maps[-1].stride})
    return [_last([m for m in maps if m.stride == stride]) for stride in strides]


def _last(maps: list[Map]) -> KerasTensor:
    alone = [m.tensor for m in maps if m.alone]
    if alone:
        return alone[-1]
    widest = max(m.tensor.shape[-1] for m in maps)
    return [m.tensor for m in maps if m.tensor.shape[-1] == widest][-1]


def _maps(tower: keras.Model, shape: tuple[int, ...]) -> list[Map]:
    """All maps in order of computation, without borders."""
    steps = [node for _, level in sorted(tower._nodes_by_depth.items())[::-1] for node in level]
    made = {id(tensor): i for i, step in enumerate(steps) for tensor in step.outputs}
    last_use = [0] * len(steps)
    for i, step in enumerate(steps):
        for tensor in step.arguments.keras_tensors:
            last_use[made[id(tensor)]] = i
    tensors = [
        (i, step.outputs[0])
        for i, step in enumerate(steps)
        if len(step.outputs[0].shape) == 4 and not isinstance(step.operation, BORDERS)
    ]
    sizes = _sizes(tower, [tensor for _, tensor in tensors], shape)
    return [
        Map(tensor, round(math.log2(shape[0] / size[1])), max(last_use[:i], default=0) <= i)
        for (i, tensor), size in zip(tensors, sizes, strict=True)
    ]


def _sizes(
    tower: keras.Model, tensors: list[KerasTensor], shape: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """Of each tensor, its shape for a map of `shape`: a tower may be built for any size."""
    if not tensors or None not in tower.input_shape[1:]:
        return [tensor.shape for tensor in tensors]
    return keras.Model(tower.inputs[0], tensors).compute_output_shape((None, *shape))
