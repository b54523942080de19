"""Inputs and outputs of any functional model by name, as an exported file has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


def inputs_of(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """The model's input tensors by the names that are fed.

    Those of a dict are its keys; a single input and a list go by the names of their tensors.
    """
    if isinstance(model.input, Mapping):
        return dict(model.input)
    return {tensor.name: tensor for tensor in keras.tree.flatten(model.input)}


def outputs_of(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """The model's output tensors by name; outside a dict, by the layers that give them."""
    if isinstance(model.output, Mapping):
        return dict(model.output)
    return _by_layer(model, model.output)


def call_by_name(model: keras.Model, feed: Mapping[str, Any]) -> dict[str, Any]:
    """The model at prediction: tensors by input name to tensors by output name."""
    given = feed
    if not isinstance(model.input, Mapping):
        given = keras.tree.map_structure(lambda tensor: feed[tensor.name], model.input)
    answers = model(given, training=False)
    return dict(answers) if isinstance(answers, Mapping) else _by_layer(model, answers)


def _by_layer(model: keras.Model, structure: Any) -> dict[str, Any]:
    return dict(zip(model.output_names, keras.tree.flatten(structure), strict=True))
