"""Frozen towers are computed once: their features, not their pixels, go through the epochs."""

from __future__ import annotations

from dataclasses import replace

import keras

from mmkeras.prepare import Column, Prepared
from mmkeras.recipe import Recipe


def frozen_inputs(recipe: Recipe) -> tuple[str, ...]:
    """The inputs whose whole tower keeps its weights."""
    return tuple(name for name, source in recipe.inputs.items() if not source.trainable)


def head_model(model: keras.Model, frozen: tuple[str, ...]) -> keras.Model:
    """The model behind its frozen towers: it takes their pooled features, (B, D), by input name.

    Shares every layer with `model`, so training one trains the other.
    """
    inputs = dict(model.input)
    for name in frozen:
        inputs[name] = model.get_layer(f"{name}_pool").output
        inputs[name].name = name  # Keras wants inputs named as their keys
    return keras.Model(inputs, model.output)


def through_towers(model: keras.Model, frozen: tuple[str, ...], data: Prepared) -> Prepared:
    """The data with each frozen input replaced by its tower's pooled features."""
    inputs = dict(data.inputs)
    for name in frozen:
        tower = keras.Model(model.input[name], model.get_layer(f"{name}_pool").output)
        features = tower.predict(data.inputs[name].values, batch_size=32, verbose=0)
        inputs[name] = Column(features, data.inputs[name].index)
    return replace(data, inputs=inputs)
