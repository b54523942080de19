"""Layers of one matrix or kernel, and those that scale its channels: which axis has which."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from mmkeras_export.shrinking.slimming.atoms import Flow
from mmkeras_export.shrinking.slimming.coupling import Call, Coupling, places

# None: it has no answer, and has written nothing down.
Rule = Callable[[keras.Layer, Call, Coupling], "list[Flow] | None"]


def dense(layer, call: Call, coupling: Coupling):
    """y = act(x W + b): W (in, out)."""
    (x,) = call.inputs
    takes, makes = coupling.along(x), coupling.made(layer, layer.units)
    coupling.weight(call.path, layer.kernel, {1: makes}, {0: takes}, uses=places(x.shape))
    return _made(layer, call, coupling, makes, ("units",))


def convolution(layer, call: Call, coupling: Coupling):
    """Kernel (..., in / groups, out). Of several groups whole ones are cut, with what they read."""
    if layer.data_format != "channels_last":
        return None
    (x,) = call.inputs
    makes = coupling.made(layer, layer.filters)
    takes, last = coupling.along(x), layer.kernel.ndim - 1
    uses = places(call.outputs[0].shape)
    if layer.groups == 1:
        coupling.weight(call.path, layer.kernel, {last: makes}, {last - 1: takes}, uses=uses)
    else:
        groups = makes.reshape(layer.groups, -1)
        for each in (groups, takes.reshape(layer.groups, -1)):
            coupling.atoms.tie(np.broadcast_to(groups[:, :1], each.shape), each)
        coupling.weight(call.path, layer.kernel, {last: makes}, uses=uses)
        coupling.width(layer, ("groups",), groups[:, 0])
    return _made(layer, call, coupling, makes, ("filters",))


def transposed_convolution(layer, call: Call, coupling: Coupling):
    """Kernel (..., out, in)."""
    if layer.data_format != "channels_last":
        return None
    (x,) = call.inputs
    makes, last = coupling.made(layer, layer.filters), layer.kernel.ndim - 1
    takes = {last: coupling.along(x)}
    coupling.weight(call.path, layer.kernel, {last - 1: makes}, takes, uses=places(x.shape))
    return _made(layer, call, coupling, makes, ("filters",))


def depthwise(layer, call: Call, coupling: Coupling):
    """Kernel (..., C, m): channel c becomes m · c to m · c + m - 1."""
    if layer.data_format != "channels_last" or not _elementwise(layer.activation):
        return None
    (x,) = call.inputs
    ids = coupling.along(x)
    axis = layer.kernel.ndim - 2
    uses = places(call.outputs[0].shape)
    coupling.weight(call.path, layer.kernel, rides={axis: ids}, uses=uses)
    ids = np.repeat(ids, layer.depth_multiplier)
    coupling.weight(call.path, layer.bias, rides={0: ids})
    return call.output(ids)


def separable(layer, call: Call, coupling: Coupling):
    """Depthwise (..., C, m), then a dense layer over the channels, (1, ..., C · m, out)."""
    if layer.data_format != "channels_last":
        return None
    (x,) = call.inputs
    ids, makes = coupling.along(x), coupling.made(layer, layer.filters)
    last = layer.pointwise_kernel.ndim - 1
    uses = places(call.outputs[0].shape)
    coupling.weight(call.path, layer.depthwise_kernel, rides={last - 1: ids}, uses=uses)
    takes = {last - 1: np.repeat(ids, layer.depth_multiplier)}
    coupling.weight(call.path, layer.pointwise_kernel, {last: makes}, takes, uses=uses)
    return _made(layer, call, coupling, makes, ("filters",))


def embedding(layer, call: Call, coupling: Coupling):
    """Table (rows, out)."""
    makes = coupling.made(layer, layer.output_dim)
    coupling.weight(call.path, layer.embeddings, {1: makes})
    coupling.width(layer, ("output_dim",), makes)
    return call.output(makes)


def batch_normalization(layer, call: Call, coupling: Coupling):
    """Every weight has one number a channel."""
    (x,) = call.inputs
    if layer.axis not in (-1, len(x.shape) - 1):
        return None
    ids = coupling.along(x)
    for variable in layer.weights:
        coupling.weight(call.path, variable, rides={0: ids})
    return call.output(ids)


def layer_normalization(layer, call: Call, coupling: Coupling):
    """(x - mean) / deviation over the channels: whatever is cut changes what stays."""
    (x,) = call.inputs
    axes = layer.axis if isinstance(layer.axis, list | tuple) else [layer.axis]
    if [axis % len(x.shape) for axis in axes] != [len(x.shape) - 1]:
        return None
    ids = coupling.along(x)
    coupling.normed.append(ids)
    for variable in layer.weights:
        coupling.weight(call.path, variable, rides={0: ids})
    return call.output(ids)


def _made(layer, call: Call, coupling: Coupling, makes, keys) -> list[Flow]:
    coupling.weight(call.path, layer.bias if layer.use_bias else None, {0: makes})
    coupling.width(layer, keys, makes)
    if not _elementwise(layer.activation):  # softmax: what is cut changes what stays
        coupling.fix(makes)
    return call.output(makes)


def _elementwise(activation) -> bool:
    """Whether it treats every number by itself."""
    if activation is None or activation is keras.activations.linear:
        return True
    x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)[None]
    whole, part = (activation(ops.convert_to_tensor(each)) for each in (x, x[:, 3:]))
    return np.allclose(whole[:, 3:], part, atol=1e-6)


DENSE_RULES: dict[type, Rule] = {
    layers.Dense: dense,
    layers.Conv1D: convolution,
    layers.Conv2D: convolution,
    layers.Conv3D: convolution,
    layers.Conv1DTranspose: transposed_convolution,
    layers.Conv2DTranspose: transposed_convolution,
    layers.Conv3DTranspose: transposed_convolution,
    layers.DepthwiseConv1D: depthwise,
    layers.DepthwiseConv2D: depthwise,
    layers.SeparableConv1D: separable,
    layers.SeparableConv2D: separable,
    layers.Embedding: embedding,
    layers.BatchNormalization: batch_normalization,
    layers.LayerNormalization: layer_normalization,
    layers.RMSNormalization: layer_normalization,
}
