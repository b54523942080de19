"""Another graph of the same layers: a model's config, edited, and its weights, by layer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

Plain = dict[str, Any]  # of JSON, as `get_config` gives it


def parts_of(config: Plain) -> dict[str, Plain]:
    """The layers of a functional model's config, by name."""
    return {layer["name"]: layer for layer in config["layers"]}


def part(layer: keras.Layer, *calls: Plain) -> Plain:
    """A layer as a config has it, with what it is called with; an input is not called."""
    plain = keras.saving.serialize_keras_object(layer)
    return {**plain, "name": layer.name, "inbound_nodes": list(calls)}


def tensors(plain: Any) -> Iterator[Plain]:
    """Every tensor in what a layer was called with."""
    if isinstance(plain, dict) and plain.get("class_name") == "__keras_tensor__":
        yield plain["config"]
    elif isinstance(plain, dict | list | tuple):
        for inner in plain.values() if isinstance(plain, dict) else plain:
            yield from tensors(inner)


def taken(layer: Plain) -> Plain:
    """The only tensor that a layer takes; its "keras_history" is [layer, call, output]."""
    (tensor,) = tensors(layer["inbound_nodes"])
    return {**tensor, "keras_history": [*tensor["keras_history"]]}


def reconnect(calls: list[Plain], old: list[Any], new: list[Any]) -> None:
    """Whatever took the tensor with the history `old` takes the one with `new`."""
    for tensor in tensors(calls):
        if [*tensor["keras_history"]] == old:
            tensor["keras_history"] = new


def reached(parts: dict[str, Plain], outputs: dict[str, list[Any]]) -> set[str]:
    """The layers that the outputs come from."""
    found: set[str] = set()
    ahead = [history[0] for history in outputs.values()]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [t["keras_history"][0] for t in tensors(parts[name]["inbound_nodes"])]
    return found


def rebuilt(model: keras.Model, config: Plain) -> keras.Model:
    """A model of an edited config, with the weights of the layers that it has of `model`.

    It shares nothing with it: called on tensors of another graph, the model's own layers would get
    nodes that it cannot save. One of `qat` goes on rounding.
    """
    new = type(model).from_config(config)
    known = {layer.name for layer in model.layers}
    copy_weights([layer.name for layer in new.layers if layer.name in known], model, new)
    return new


def copy_weights(names: list[str], source: keras.Model, target: keras.Model) -> None:
    """Of the layers of these names, which both models have."""
    for name in names:
        weights = source.get_layer(name).get_weights()
        if weights:
            target.get_layer(name).set_weights(weights)
