"""A backbone as one layer of a model: named, with its weights, and as trainable as asked."""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras import layers

from mmkeras.branches.backbones import backbone
from mmkeras.modalities import HUB, Audio, Image, Video


def tower_of(name: str, source: Image | Audio | Video, shape: tuple[int, ...]) -> keras.Model:
    """The tower of the input `name` for maps of `shape`, (H, W, C).

    It is called "NAME_BRANCH", and "NAME_backbone" if the backbone is no name of the table.
    """
    entry = backbone(source.branch)
    known = isinstance(source.branch, str) and not source.branch.startswith(HUB)
    title = f"{name}_{source.branch}" if known else f"{name}_backbone"
    tower = entry.build(shape, source.weights, title)
    let_train(tower, source.trainable, entry.pretrained or source.weights is not None)
    return tower


def let_train(tower: keras.Model, trainable: bool | float, pretrained: bool) -> None:
    """Freezes all of a tower (False), or all but this share of its last layers with weights.

    Batch normalisation trains only in a tower that trains wholly and from scratch. Elsewhere it
    keeps the statistics of the many pictures behind it, which batches of a few rows would spoil,
    and scale and shift with them. Raises ValueError for a share that is none.
    """
    if not 0 <= trainable <= 1:
        raise ValueError(
            f"{tower.name!r}: trainable is True, False or a share between 0 and 1. Received: "
            f"{trainable!r}"
        )
    parts = list(weighted_layers(tower))
    train = max(1, round(trainable * len(parts))) if trainable else 0
    for part in parts[: len(parts) - train]:
        part.trainable = False
    if pretrained or trainable < 1:
        for layer in tower._flatten_layers():
            if isinstance(layer, layers.BatchNormalization):
                layer.trainable = False


def weighted_layers(tower: keras.Model) -> Iterator[layers.Layer]:
    """The layers with weights, first to last; a model within is its layers."""
    for layer in tower.layers:
        if isinstance(layer, keras.Model):
            yield from weighted_layers(layer)
        elif layer.weights:
            yield layer


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Layer by layer, by name: with other outputs a model has its layers in another order.

    What the target has not, such as layers behind the maps of its scales, is left out.
    """
    known = {layer.name for layer in target.layers}
    for layer in source.layers:
        if layer.weights and layer.name in known:
            target.get_layer(layer.name).set_weights(layer.get_weights())
