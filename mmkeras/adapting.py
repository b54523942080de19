"""What a model learns of its data before training: ranges to normalise by, and the like."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras_edge.outputs import OutputSpec


def adapt(model: keras.Model, data: Prepared) -> None:
    """Shows every layer that has `adapts_to`, the name of an input or output, its training rows.

    Such a layer's `adapt(data, name)` sets its weights. One that has seen rows already keeps what
    it has, so that further training goes on from the same normalisation.
    """
    for layer in model._flatten_layers(include_self=False):
        name = getattr(layer, "adapts_to", None)
        if name is not None and not layer.adapted:
            layer.adapt(data, name)


def scale_of(model: keras.Model, output: str) -> float:
    """The standard deviation of the labels that an output learned from; 1 for one of classes."""
    for layer in model._flatten_layers(include_self=False):
        if getattr(layer, "adapts_to", None) == output and hasattr(layer, "scale"):
            return layer.scale
    return 1.0


def specs_of(model: keras.Model, recipe: Recipe) -> dict[str, OutputSpec]:
    """How each output reads, with the scale that it learned."""
    specs = {}
    for name, task in recipe.outputs.items():
        spec: Any = task.spec
        scaled = "scale" in vars(spec)
        specs[name] = replace(spec, scale=scale_of(model, name)) if scaled else spec
    return specs
