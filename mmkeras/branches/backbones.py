"""Backbones: a picture or a spectrogram to a map of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from mmkeras.branches.efficientnet_lite import efficientnet_lite0
from mmkeras.branches.pixels import CaffePixels, Ink, Pixels
from mmkeras_edge.inputs import pick


class Backbone(NamedTuple):
    """`build(shape, weights, name)` gives a keras.Model (B, H, W, C) -> (B, h, w, D);
    `normalise` is the layer class that raw pixels pass first; `flatten` keeps positions when the
    map becomes one vector (a small map of few channels needs them)."""

    build: Callable[[tuple[int, ...], str | None, str], keras.Model]
    normalise: type[layers.Layer]
    flatten: bool = False
    sound: bool = True  # whether it can look at a spectrogram


def cnn(shape: tuple[int, ...], weights: str | None, name: str) -> keras.Model:
    """Four 3x3 convolutions, each halved by max pooling: (B, H, W, C) -> (B, H/16, W/16, 128).

    Without batch normalisation, which got stuck on drawings; He et al., ICCV 2015, for the start.
    """
    if weights is not None:
        raise ValueError(f"the backbone 'cnn' has no weights {weights!r}; use weights=None")
    start = x = keras.Input(shape)
    for filters in (16, 32, 64, 128):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
    return keras.Model(start, x, name=name)


def vgg16(shape: tuple[int, ...], weights: str | None, name: str) -> keras.Model:
    """VGG16, Simonyan and Zisserman, ICLR 2015: (B, H, W, C) -> (B, H/32, W/32, 512)."""
    return _application(keras.applications.VGG16, shape, weights, name)


def resnet50(shape: tuple[int, ...], weights: str | None, name: str) -> keras.Model:
    """ResNet50, He et al., CVPR 2016: (B, H, W, C) -> (B, H/32, W/32, 2048)."""
    return _application(keras.applications.ResNet50, shape, weights, name)


def _application(family, shape, weights, name) -> keras.Model:
    try:
        return family(include_top=False, weights=weights, input_shape=shape, name=name)
    except Exception as error:
        if weights != "imagenet":
            raise
        raise ValueError(
            f"the ImageNet weights of {family.__name__} could not be had: {error}. They are "
            "downloaded by keras.applications, once; without internet use weights=None"
        ) from error


def _efficientnet_lite0(shape, weights, name) -> keras.Model:
    return efficientnet_lite0(shape[0], shape[1], weights=weights, name=name)


BACKBONES = {  # name in a recipe -> backbone; from small to large
    "cnn": Backbone(cnn, Ink, flatten=True),
    "efficientnet_lite0": Backbone(_efficientnet_lite0, Pixels, sound=False),
    "resnet50": Backbone(resnet50, CaffePixels),
    "vgg16": Backbone(vgg16, CaffePixels),
}


def backbone(name: str) -> Backbone:
    return pick(BACKBONES, name, "backbone")
