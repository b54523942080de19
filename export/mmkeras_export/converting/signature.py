"""Inputs and outputs of a functional or sequential model by name, as an exported file has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


def inputs_of(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """The model's input tensors by the names that are fed.

    Those of a dict are its keys; a single input and a list go by the names of their tensors.
    """
    given = _graph(model).input
    if isinstance(given, Mapping):
        return dict(given)
    return {tensor.name: tensor for tensor in keras.tree.flatten(given)}


def outputs_of(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """The model's output tensors by name; outside a dict, by the layers that give them."""
    answers = _graph(model).output
    return dict(answers) if isinstance(answers, Mapping) else _by_layer(model, answers)


def call_by_name(model: keras.Model, feed: Mapping[str, Any]) -> dict[str, Any]:
    """The model at prediction: tensors by input name to tensors by output name."""
    given, wanted = feed, _graph(model).input
    if not isinstance(wanted, Mapping):
        given = keras.tree.map_structure(lambda tensor: feed[tensor.name], wanted)
    answers = model(given, training=False)
    return dict(answers) if isinstance(answers, Mapping) else _by_layer(model, answers)


def _by_layer(model: keras.Model, structure: Any) -> dict[str, Any]:
    return dict(zip(_graph(model).output_names, keras.tree.flatten(structure), strict=True))


def _graph(model: keras.Model) -> keras.Model:
    """A sequential model has its tensors in the functional one that it builds."""
    return model._functional if isinstance(model, keras.Sequential) else model
