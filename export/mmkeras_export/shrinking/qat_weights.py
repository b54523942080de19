"""Any layer with the weights that an int8 file gives it, whatever it computes with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

from mmkeras_export.shrinking.layouts import layout_of

Axes = tuple[int, ...]  # that one scale covers

TABLES = ("embedding", "embeddings", "table", "words")  # last parts of names: one row a word


def scaled_weights(
    layer: keras.Layer, spared: frozenset[str] = frozenset()
) -> Iterator[tuple[keras.Variable, Axes]]:
    """The weights that become int8, of layers within it too, with the axes that share a scale.

    A scale for each output channel, as for each of a depthwise kernel's; one for a whole table.
    Batch normalisation behind a convolution multiplies a channel and so its scale: folded or not,
    the levels are the same. Vectors, as biases, stay as they are: the file holds them as int32.
    `spared` are names of layers that stay float.
    """
    if layer.name in spared:
        return
    for weight in (*layer._trainable_variables, *layer._non_trainable_variables):
        axes = _axes(layer, weight)
        if axes is not None:
            yield weight, axes
    for inner in layer._layers:
        yield from scaled_weights(inner, spared)


def _axes(layer: keras.Layer, weight: keras.Variable) -> Axes | None:
    name, rank = weight.name, len(weight.shape)
    if rank < 2 or not name.endswith(("kernel", *TABLES)):
        return None
    return tuple(range(rank)) if name.endswith(TABLES) else layout_of(layer, weight).summed


def call_with(
    layer: keras.Layer,
    weights: Mapping[int, Any],
    within: Iterable[keras.Variable],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> Any:
    """layer(*args, **kwargs) as if its weights had other values, which gradients pass through.

    `weights` are these values by the variables' ids, `within` variables of others that it works on.
    What is assigned meanwhile, as the state of dropout, and losses that are added, are taken over.
    """
    variables = {id(variable): variable for variable in (*layer.variables, *within)}
    # All of them: within, what an outer scope knows of a variable is not seen.
    values = [(variable, weights.get(key, variable)) for key, variable in variables.items()]
    with keras.StatelessScope(values, collect_losses=True) as scope:
        others = [variable for key, variable in variables.items() if key not in weights]
        before = [scope.get_current_value(variable) for variable in others]
        answer = layer(*args, **kwargs)
    for variable, old in zip(others, before, strict=True):
        new = scope.get_current_value(variable)
        if new is not old:
            variable.assign(new)
    for loss in scope.losses:
        layer.add_loss(loss)
    return answer
