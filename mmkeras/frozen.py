"""Frozen towers are computed once: their features, not their pixels, go through the epochs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras

from mmkeras.joining import fusion_layer
from mmkeras.prepare import Column, Prepared
from mmkeras.recipe import Recipe

Plain = dict[str, Any]  # of JSON, as `get_config` gives it


def frozen_inputs(recipe: Recipe, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The inputs whose whole tower keeps its weights, by the recipe or because `also` names them,
    where the fusion takes one vector of each: tokens would fill the memory."""
    fusion = fusion_layer(recipe.fusion, recipe.inputs)
    early = fusion_layer(fusion.early, recipe.inputs) if fusion.takes == "both" else fusion
    if early.takes == "tokens":
        return ()
    return tuple(
        name
        for name, source in recipe.inputs.items()
        # What reads the frames of a film in their order trains all the same.
        if (name in also or not source.trainable) and getattr(source, "time", "mean") == "mean"
    )


def head_model(model: keras.Model, frozen: tuple[str, ...]) -> keras.Model:
    """A copy of the model that takes the pooled features of frozen towers, (B, D), as inputs.

    Train it, then `give_back` its weights. It is made of the model's config, so that no file of
    weights is read again, and shares nothing: called on tensors of another graph, the model's own
    layers would get nodes that it cannot save.
    """
    config: Plain = model.get_config()
    parts = {layer["name"]: layer for layer in config["layers"]}
    for name in frozen:
        cut = _history(parts[f"{name}_dropout"])
        features = keras.layers.InputLayer(_pooled(model, name).shape[1:], name=name)
        parts[name] = {**keras.saving.serialize_keras_object(features), "name": name}
        parts[name]["inbound_nodes"] = []
        for layer in parts.values():
            _reconnect(layer["inbound_nodes"], cut, [name, 0, 0])
    wanted = _reached(parts, config["output_layers"]) | {*config["input_layers"]}
    config["layers"] = [layer for name, layer in parts.items() if name in wanted]
    head = type(model).from_config(config)  # one of `qat` goes on rounding
    _copy_weights(head, source=model, target=head)
    return head


def give_back(head: keras.Model, model: keras.Model) -> None:
    """Copies what the head learned into the model that it was made from."""
    _copy_weights(head, source=head, target=model)


def through_towers(model: keras.Model, frozen: tuple[str, ...], data: Prepared) -> Prepared:
    """The data with each frozen input replaced by its tower's pooled features."""
    inputs = dict(data.inputs)
    for name in frozen:
        tower = keras.Model(model.input[name], _pooled(model, name))
        features = tower.predict(data.inputs[name].values, batch_size=32, verbose=0)
        inputs[name] = Column(features, data.inputs[name].index)
    return replace(data, inputs=inputs)


def _pooled(model: keras.Model, name: str) -> keras.KerasTensor:
    """What a branch gave to `join`, whose first step it goes into."""
    return model.get_layer(f"{name}_dropout").input


def _copy_weights(head: keras.Model, source: keras.Model, target: keras.Model) -> None:
    for layer in head.layers:
        if layer.weights:
            weights = source.get_layer(layer.name).get_weights()
            target.get_layer(layer.name).set_weights(weights)


def _tensors(plain: Any) -> Iterator[Plain]:
    """Every tensor in what a layer was called with."""
    if isinstance(plain, dict) and plain.get("class_name") == "__keras_tensor__":
        yield plain["config"]
    elif isinstance(plain, dict | list | tuple):
        for part in plain.values() if isinstance(plain, dict) else plain:
            yield from _tensors(part)


def _history(layer: Plain) -> list[Any]:
    """Where the only tensor that a layer takes comes from: [layer, call, output]."""
    (tensor,) = _tensors(layer["inbound_nodes"])
    return [*tensor["keras_history"]]


def _reconnect(calls: list[Plain], old: list[Any], new: list[Any]) -> None:
    for tensor in _tensors(calls):
        if [*tensor["keras_history"]] == old:
            tensor["keras_history"] = new


def _reached(parts: dict[str, Plain], outputs: dict[str, list[Any]]) -> set[str]:
    """The layers that the outputs come from."""
    found: set[str] = set()
    ahead = [history[0] for history in outputs.values()]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += [t["keras_history"][0] for t in _tensors(parts[name]["inbound_nodes"])]
    return found
