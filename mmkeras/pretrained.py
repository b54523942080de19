"""Towers that came with weights: which they are, and how gently each of their layers trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from mmkeras.branches.towers import weighted_layers
from mmkeras.modalities import HUB, Modality, Text, is_hub
from mmkeras.optimizer import names_of
from mmkeras.recipe import Recipe


def pretrained_inputs(recipe: Recipe) -> tuple[str, ...]:
    """Inputs whose tower has learned before: from a file, ImageNet, a preset, or a model given.

    Word vectors are no tower: they train with what is behind them, as Kim, EMNLP 2014, has it.
    """
    return tuple(name for name, source in recipe.inputs.items() if _pretrained(source))


def rates_by_depth(
    model: keras.Model, recipe: Recipe, layer_decay: float, fine_tune_rate: float
) -> dict[str, float]:
    """By the `names_of` its trainable variables, the factors of a model's learning rate.

    fine_tune_rate · layer_decay^d in the towers of `pretrained_inputs`, d counted down from 0 at
    the top over the layers with a matrix; a norm has the d of the layer before it. Those not named
    have 1: heads, fusion, towers from scratch. Features low in a tower are the most general ones:
    Howard and Ruder, "ULMFiT", ACL 2018, section 3.2.
    """
    variables = model.trainable_variables
    names = dict(zip(map(id, variables), names_of(variables), strict=True))
    rates = {}
    for tower in _towers(model, recipe, pretrained_inputs(recipe)):
        depth = 0
        for part in reversed(list(weighted_layers(tower))):
            for variable in part.trainable_variables:
                rates[names[id(variable)]] = fine_tune_rate * layer_decay**depth
            depth += any(len(variable.shape) > 1 for variable in part.trainable_variables)
    return rates


@contextmanager
def kept_still(model: keras.Model, recipe: Recipe, frozen: tuple[str, ...]) -> Iterator[None]:
    """Within, the towers of these inputs do not train; then each of their layers as before.

    Compile within: what an optimizer trains is settled when it is built.
    """
    flags = [
        (layer, layer.trainable)
        for tower in _towers(model, recipe, frozen)
        for layer in tower._flatten_layers()  # parents first, which set their children's
    ]
    try:
        for layer, _ in flags:
            layer.trainable = False
        yield
    finally:
        for layer, trainable in flags:
            layer.trainable = trainable


def _pretrained(source: Modality) -> bool:
    if isinstance(source, Text):
        return is_hub(source.branch) or (source.branch == "minilm" and source.weights is not None)
    brought = not isinstance(source.branch, str) or source.branch.startswith(HUB)
    return brought or getattr(source, "weights", None) is not None


def _towers(model: keras.Model, recipe: Recipe, names: tuple[str, ...]) -> Iterator[keras.Model]:
    """Those that the model has: one on features of frozen towers lacks some."""
    known = {layer.name: layer for layer in model.layers}
    for name in names:
        branch = recipe.inputs[name].branch
        by_name = isinstance(branch, str) and not branch.startswith(HUB)
        tower = known.get(f"{name}_{branch}" if by_name else f"{name}_backbone")
        if isinstance(tower, keras.Model):
            yield tower
