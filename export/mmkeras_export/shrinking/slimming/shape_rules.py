"""Layers without weights: where each channel comes out again."""

from __future__ import annotations

import numpy as np
from keras import layers

from mmkeras_export.shrinking.slimming.atoms import Flow, Ids
from mmkeras_export.shrinking.slimming.coupling import Call, Coupling
from mmkeras_export.shrinking.slimming.dense_rules import Rule

ELEMENTWISE = ("linear", "relu", "relu6", "silu", "swish", "sigmoid", "tanh", "gelu", "hard_silu")
MOST = 4_000_000  # numbers of a sample whose places are followed one by one


def same_channels(layer, call: Call, coupling: Coupling):
    """The last axis goes through as it is, whatever happens along the others."""
    (x,) = call.inputs
    if getattr(layer, "data_format", "channels_last") != "channels_last" or x.axis != -1:
        return None
    return call.output(x.ids)


def activation(layer, call: Call, coupling: Coupling):
    name = getattr(layer.activation, "__name__", "")
    return same_channels(layer, call, coupling) if name in ELEMENTWISE else None


def merge(layer, call: Call, coupling: Coupling):
    """Number by number: channel c of one tensor is tied to channel c of the others.

    A tensor with one channel is spread over all, and keeps it.
    """
    (out,) = call.outputs
    flows = call.inputs
    if any(len(x.shape) != len(out.shape) for x in flows):
        return None
    axes = {x.axis for x in flows if not coupling.is_fixed(x)}
    if len(axes) != 1:
        return None
    (axis,) = axes
    tied = None
    for x in flows:
        if x.shape[axis] == 1 != out.shape[axis]:
            coupling.fix(coupling.along(x, axis))
            continue
        ids = coupling.along(x, axis)
        if tied is not None:
            coupling.atoms.tie(tied, ids)
        tied = ids
    return call.output(tied, axis)


def concatenate(layer, call: Call, coupling: Coupling):
    """Channels side by side; along any other axis those of the same place are tied."""
    (out,) = call.outputs
    axis = layer.axis if layer.axis < 0 else layer.axis - len(out.shape)
    axes = {x.axis for x in call.inputs if not coupling.is_fixed(x)}
    if len(axes) != 1:
        return None
    if axes == {axis}:
        return call.output(np.concatenate([coupling.along(x, axis) for x in call.inputs]), axis)
    return merge(layer, call, coupling)


def reshape(layer, call: Call, coupling: Coupling):
    """Flatten too: every number of a sample is followed to its new place."""
    (x,), (out,) = call.inputs, call.outputs
    before, after = ([side for side in of.shape[1:] if side is not None] for of in (x, out))
    closed = len(before) == len(x.shape) - 1 and len(after) == len(out.shape) - 1
    if x.ids is None or not closed or int(np.prod(before)) > MOST:
        return None
    side = np.ones(len(x.shape) - 1, int)
    side[x.axis] = -1
    spread = np.broadcast_to(coupling.atoms.roots(x.ids).reshape(side), before)
    found = _along_one_axis(spread.reshape(after), coupling)
    if found is None:
        return None
    axis, ids = found
    flow = Flow.like(out, ids, axis + 1)
    key = "newshape" if hasattr(layer, "newshape") else "target_shape"
    target = layer.get_config().get(key)
    if target is not None:
        place = len(target) + flow.axis
        if target[place] != -1:
            coupling.width(layer, (key, place), ids)
    return [flow]


def _along_one_axis(spread: np.ndarray, coupling: Coupling) -> tuple[int, Ids] | None:
    """The axis whose place alone decides which atom a number belongs to, and the atoms along it.

    Where channels were divided, as (heads · d) into (heads, d), those that stand at the same place
    of the last axis are tied.
    """
    for axis in reversed(range(spread.ndim)):
        rows = np.moveaxis(spread, axis, 0).reshape(spread.shape[axis], -1)
        if (rows == rows[:, :1]).all():
            return axis, rows[:, 0]
    rows = np.moveaxis(spread, -1, 0).reshape(spread.shape[-1], -1)
    rows = np.unique(rows, axis=1)
    for column in rows.T[1:]:
        coupling.atoms.tie(rows[:, 0], column)
    return spread.ndim - 1, rows[:, 0]


SAME = (
    *(layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Identity),
    *(layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.GaussianNoise),
    *(layers.GaussianDropout, layers.ZeroPadding1D, layers.ZeroPadding2D),
    *(layers.Cropping1D, layers.Cropping2D, layers.UpSampling1D, layers.UpSampling2D),
    *(layers.MaxPooling1D, layers.MaxPooling2D, layers.AveragePooling1D, layers.AveragePooling2D),
    *(layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D),
    *(layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D),
)
MERGES = (
    *(layers.Add, layers.Subtract, layers.Multiply, layers.Average),
    *(layers.Maximum, layers.Minimum),
)
SHAPE_RULES: dict[type, Rule] = {
    **dict.fromkeys(SAME, same_channels),
    **dict.fromkeys(MERGES, merge),
    layers.Activation: activation,
    layers.Concatenate: concatenate,
    layers.Flatten: reshape,
    layers.Reshape: reshape,
}
