"""Frozen towers are computed once: their features, not their pixels, go through the epochs."""

from __future__ import annotations

from dataclasses import replace

import keras

from mmkeras.branches import BRANCHES, Branch
from mmkeras.joining import carried, fusion_layer, join
from mmkeras.prepare import Column, Prepared
from mmkeras.recipe import Recipe


def frozen_inputs(recipe: Recipe) -> tuple[str, ...]:
    """The inputs whose whole tower keeps its weights, where the fusion takes one vector of each:
    tokens would fill the memory."""
    fusion = fusion_layer(recipe.fusion, recipe.inputs)
    early = fusion_layer(fusion.early, recipe.inputs) if fusion.takes == "both" else fusion
    if early.takes == "tokens":
        return ()
    return tuple(
        name
        for name, source in recipe.inputs.items()
        # What reads the frames of a film in their order trains all the same.
        if not source.trainable and getattr(source, "time", "mean") == "mean"
    )


def head_model(model: keras.Model, frozen: tuple[str, ...]) -> keras.Model:
    """A copy of the model that takes the pooled features of frozen towers, (B, D), as inputs.

    Train it, then `give_back` its weights.
    """
    recipe = carried(model)
    branches = {}
    for name, source in recipe.inputs.items():
        if name in frozen:
            features = keras.Input(_pooled(model, name).shape[1:], name=name)
            branches[name] = Branch(features, features)
        else:
            branches[name] = BRANCHES[source.kind](name, source)
    head = join(recipe, branches)
    _copy_weights(head, source=model, target=head)
    return head


def give_back(head: keras.Model, model: keras.Model) -> None:
    """Copies what the head learned into the model that it was made from."""
    _copy_weights(head, source=head, target=model)


def _copy_weights(head: keras.Model, source: keras.Model, target: keras.Model) -> None:
    for layer in head.layers:
        if layer.weights:
            weights = source.get_layer(layer.name).get_weights()
            target.get_layer(layer.name).set_weights(weights)


def _pooled(model: keras.Model, name: str) -> keras.KerasTensor:
    """What a branch gave to `join`, whose first step it goes into."""
    return model.get_layer(f"{name}_dropout").input


def through_towers(model: keras.Model, frozen: tuple[str, ...], data: Prepared) -> Prepared:
    """The data with each frozen input replaced by its tower's pooled features."""
    inputs = dict(data.inputs)
    for name in frozen:
        tower = keras.Model(model.input[name], _pooled(model, name))
        features = tower.predict(data.inputs[name].values, batch_size=32, verbose=0)
        inputs[name] = Column(features, data.inputs[name].index)
    return replace(data, inputs=inputs)
