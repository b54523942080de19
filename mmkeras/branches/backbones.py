"""Backbones: a picture or a spectrogram to a map of features."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
from keras import layers

from mmkeras.branches.applications import APPLICATIONS
from mmkeras.branches.backbone import IMAGENET, Backbone, from_scratch, load
from mmkeras.branches.cifar_cnn import cifar_cnn
from mmkeras.branches.efficientnet_lite import efficientnet_lite0
from mmkeras.branches.given import given_model, hub_preset
from mmkeras.branches.pixels import Ink, Pixels, symmetric_pixels, torch_pixels
from mmkeras.branches.resnet18 import resnet18
from mmkeras.branches.vit import vit
from mmkeras.modalities import HUB
from mmkeras_edge.inputs import pick


def cnn(shape: tuple[int, ...]) -> keras.Model:
    """Four 3x3 convolutions, each halved by max pooling: (B, H, W, C) -> (B, H/16, W/16, 128).

    Without batch normalisation, which got stuck on drawings; He et al., ICCV 2015, for the start.
    """
    start = x = keras.Input(shape)
    for filters in (16, 32, 64, 128):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return keras.Model(start, x, name="cnn")


def _lite0(shape: tuple[int, ...], weights: str | None) -> keras.Model:
    if weights is None or weights == IMAGENET:
        return efficientnet_lite0(shape[0], shape[1], weights)
    model = efficientnet_lite0(shape[0], shape[1])
    load(model, weights)
    return model


BACKBONES: dict[str, Backbone] = {  # name in a recipe -> backbone; ours, then those of Keras
    "cnn": Backbone(partial(from_scratch, cnn), Ink, flatten=True),
    "cifar_cnn": Backbone(partial(from_scratch, cifar_cnn), Ink, flatten=True),
    "efficientnet_lite0": Backbone(_lite0, Pixels, sound=False),
    "resnet18": Backbone(partial(from_scratch, resnet18), torch_pixels),
    "vit": Backbone(partial(from_scratch, vit), symmetric_pixels),
    **APPLICATIONS,
}


def backbone(branch: str | Mapping[str, Any]) -> Backbone:
    """What a recipe calls a backbone: a name of the table, "keras_hub/PRESET", or a model as plain
    data. Raises ValueError for an unknown name, with the names there are."""
    if not isinstance(branch, str):
        return given_model(branch)
    if branch.startswith(HUB):
        return hub_preset(branch)
    return pick(BACKBONES, branch, "backbone")
