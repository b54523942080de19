"""Frozen towers are computed once: their features, not their pixels, go through the epochs."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from mmkeras.joining import fusion_layer
from mmkeras.prepared import Column, Prepared
from mmkeras.recipe import Recipe
from mmkeras.rewiring import copy_weights, part, parts_of, reached, rebuilt, reconnect, taken

BATCH = 32  # arrays that a tower sees at once


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
    weights is read again.
    """
    config = model.get_config()
    parts = parts_of(config)
    for name in frozen:
        cut = taken(parts[f"{name}_dropout"])["keras_history"]
        parts[name] = part(keras.layers.InputLayer(_pooled(model, name).shape[1:], name=name))
        for layer in parts.values():
            reconnect(layer["inbound_nodes"], cut, [name, 0, 0])
    wanted = reached(parts, config["output_layers"]) | {*config["input_layers"]}
    config["layers"] = [layer for name, layer in parts.items() if name in wanted]
    return rebuilt(model, config)


def give_back(head: keras.Model, model: keras.Model) -> None:
    """Copies what the head learned into the model that it was made from."""
    copy_weights([layer.name for layer in head.layers], head, model)
    if hasattr(model, "take_ranges"):  # one of `qat` has more than its layers do
        model.take_ranges(head)


def through_towers(model: keras.Model, frozen: tuple[str, ...], data: Prepared) -> Prepared:
    """The data with each frozen input replaced by its tower's pooled features."""
    inputs = dict(data.inputs)
    for name in frozen:
        tower = keras.Model(model.input[name], _pooled(model, name))
        rows, which = data.inputs[name].firsts()
        features = tower.predict(Values(data.inputs[name], rows), verbose=0)
        inputs[name] = Column(features, which)
    return replace(data, inputs=inputs)


class Values(keras.utils.PyDataset):
    """The arrays of some rows of an input, batch by batch: they may not fit into memory."""

    def __init__(self, column: Column, rows: np.ndarray):
        super().__init__()
        self._column = column
        # A tower is shown something even where no row has the input: its features are wanted.
        self._rows = rows if len(rows) else np.zeros(1, np.int64)

    def __len__(self) -> int:
        return -(-len(self._rows) // BATCH)

    def __getitem__(self, batch: int):
        return self._column.take(self._rows[batch * BATCH : (batch + 1) * BATCH])


def _pooled(model: keras.Model, name: str) -> keras.KerasTensor:
    """What a branch gave to `join`, whose first step it goes into."""
    return model.get_layer(f"{name}_dropout").input
