"""Attention and recurrent layers: heads, hidden units and states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from mmkeras_export.shrinking.slimming.atoms import Flow
from mmkeras_export.shrinking.slimming.coupling import Call, Coupling, places
from mmkeras_export.shrinking.slimming.dense_rules import Rule

GATES = {layers.SimpleRNN: 1, layers.GRU: 3, layers.LSTM: 4}  # matrices side by side in a kernel


def attention(layer, call: Call, coupling: Coupling):
    """Whole heads: query, key and value kernels (in, heads, d), the output's (heads, d, out).

    Without an `output_shape` it gives as many channels as the query has: they are tied to it.
    """
    named: dict[str, Any] = dict(zip(("query", "value", "key"), call.args, strict=False))
    named |= call.kwargs
    query, value = named["query"], named["value"]
    key = named.get("key") or value
    if any(len(x.shape) != 3 for x in (query, value, key)) or len(call.outputs) != 1:
        return None
    if layer._attention_axes not in (None, (1,)) or layer.get_config().get("use_gate"):
        return None
    read = [(layer._query_dense, query), (layer._key_dense, key), (layer._value_dense, value)]
    made = coupling.made(layer, layer.num_heads, "heads")
    coupling.heads.append(made)
    coupling.width(layer, ("num_heads",), made)
    for part, x in read:
        takes = {0: coupling.along(x)}
        coupling.weight(call.path, part.kernel, {1: made}, takes, uses=places(x.shape))
        coupling.weight(call.path, part.bias, {0: made})
    out, shape = layer._output_dense, layer.get_config()["output_shape"]
    makes = coupling.made(layer, out.kernel.shape[-1])
    if shape is None:
        coupling.atoms.tie(makes, coupling.along(query))
    else:
        coupling.width(layer, ("output_shape", 0), makes)
    coupling.weight(call.path, out.kernel, {2: makes}, {0: made}, uses=places(query.shape))
    coupling.weight(call.path, out.bias, {0: makes})
    pairs = places(query.shape) * places(key.shape)
    coupling.cost(call.path, pairs * (layer.key_dim + layer.value_dim), made)
    return call.output(makes)


def recurrent(layer, call: Call, coupling: Coupling):
    """Kernels (in, gates · units), (units, gates · units): inputs and units can be cut.

    A unit is its column in every gate and its row of the recurrent kernel; every state that is
    given has the units as channels.
    """
    if layer.stateful or _states_given(call):
        return None
    x = call.inputs[0]
    units = coupling.made(layer, layer.units)
    _cell(layer, call, coupling, x, units)
    coupling.width(layer, ("units",), units)
    return [Flow(flow.shape, flow.dtype, units) for flow in call.outputs]


def bidirectional(layer, call: Call, coupling: Coupling):
    """Two recurrent layers, which lose the same units, and their answers side by side or merged."""
    both = layer.forward_layer, layer.backward_layer
    if any(type(each) not in GATES or each.stateful for each in both):
        return None
    if both[0].units != both[1].units or layer.merge_mode is None or _states_given(call):
        return None
    x = call.inputs[0]
    units = coupling.made(layer, both[0].units)
    for key, each in zip(("layer", "backward_layer"), both, strict=True):
        _cell(each, call, coupling, x, units)
        coupling.width(layer, (key, "config", "units"), units)
    merged = np.concatenate([units, units]) if layer.merge_mode == "concat" else units
    first, *states = call.outputs
    return [Flow(first.shape, first.dtype, merged)] + [
        Flow(state.shape, state.dtype, units) for state in states
    ]


def _cell(layer: keras.Layer, call: Call, coupling: Coupling, x: Flow, units) -> None:
    cell, gates = layer.cell, np.tile(units, GATES[type(layer)])
    steps = places(x.shape)
    takes = {0: coupling.along(x)}
    coupling.weight(call.path, cell.kernel, {1: gates}, takes, uses=steps)
    coupling.weight(call.path, cell.recurrent_kernel, {1: gates}, {0: units}, uses=steps)
    if cell.use_bias:  # two rows where GRU resets after the matrix
        coupling.weight(call.path, cell.bias, {cell.bias.ndim - 1: gates})


def _states_given(call: Call) -> bool:
    """Whether it begins elsewhere than at zero."""
    return call.kwargs.get("initial_state") is not None or len(call.args) > 1


def transformer_encoder(layer, call: Call, coupling: Coupling):
    """KerasHub's: the units between its two dense layers. Its heads follow from its width, which
    two layer normalisations hold together: both stay."""
    made = coupling.made(layer, layer.intermediate_dim, "intermediate")
    up, down = layer._feedforward_intermediate_dense, layer._feedforward_output_dense
    if len(call.outputs) != 1:
        return None
    tokens = places(call.outputs[0].shape)
    coupling.weight(call.path, up.kernel, {1: made}, uses=tokens)
    coupling.weight(call.path, up.bias, {0: made})
    coupling.weight(call.path, down.kernel, takes={0: made}, uses=tokens)
    coupling.width(layer, ("intermediate_dim",), made)
    for weight in layer._self_attention_layer.weights:
        if weight.ndim == 3:
            coupling.cost(call.path, tokens * int(np.prod(weight.shape)))
    attended = layer.num_heads * layer._self_attention_layer.key_dim
    coupling.cost(call.path, 2 * tokens * tokens * attended)
    return coupling.pin(call, "its width decides the size of its heads")


SEQUENCE_RULES: dict[type, Rule] = {
    layers.MultiHeadAttention: attention,
    layers.SimpleRNN: recurrent,
    layers.GRU: recurrent,
    layers.LSTM: recurrent,
    layers.Bidirectional: bidirectional,
}

OUTSIDE_RULES: dict[str, Rule] = {  # by registered name: of packages that need not be installed
    "keras_hub>TransformerEncoder": transformer_encoder,
}
