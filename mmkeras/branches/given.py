"""Backbones that come from outside the table: a `keras.Model`, or a preset of KerasHub."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

import keras
from keras import layers

from mmkeras.branches.backbone import IMAGENET, Backbone, load
from mmkeras.branches.kerashub import from_preset, keras_hub
from mmkeras.branches.pixels import Pixels
from mmkeras.modalities import HUB


def given_model(plain: Mapping[str, Any]) -> Backbone:
    """A functional or sequential model, KerasHub's too, as `keras.saving.serialize_keras_object`
    writes it.

    It takes pixels as float32, 0 to 255, (B, H, W, 3), and normalises them by itself; it gives a
    map (B, h, w, D), tokens (B, T, D) or a vector (B, D).
    """
    return Backbone(partial(_from_plain, plain), Pixels)


def hub_preset(branch: str) -> Backbone:
    """A picture backbone of KerasHub, "keras_hub/PRESET": a preset's name, or the folder that
    `save_to_preset` wrote. Its weights come along, and the scale and offset of its pixels.

    ImportError where keras-hub is not installed, ValueError for a preset that cannot be had.
    """
    preset = branch.removeprefix(HUB)
    return Backbone(partial(_from_preset, preset), partial(_preset_pixels, preset), pretrained=True)


def _from_plain(plain: Mapping[str, Any], shape: tuple[int, ...], weights: str | None):
    if str(plain.get("module")).startswith("keras_hub"):
        keras_hub()  # registers its layers
    try:  # Keras empties what it reads
        model = keras.saving.deserialize_keras_object(copy.deepcopy(dict(plain)))
    except TypeError as error:
        raise ValueError(f"a backbone must load as saved models do: {error}") from error
    return _fitting(model, shape, weights)


def _from_preset(preset: str, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    return _fitting(from_preset(keras_hub().models.Backbone, preset), shape, weights)


def _preset_pixels(preset: str, name: str | None = None) -> layers.Layer:
    converter = from_preset(keras_hub().layers.ImageConverter, preset)
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    return layers.Rescaling(scale, offset, name=name)


def _fitting(model: Any, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    """The model, if it takes one map of this shape and gives one tensor."""
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "a backbone is a functional or sequential keras.Model that is built, with one input "
            f"and one output. Received: {model!r}"
        )
    takes, gives = inputs[0].shape[1:], model.outputs[0].shape
    wanted = [b if a is None else a for a, b in zip(takes, shape, strict=False)]
    if wanted != [*shape] or len(takes) != len(shape):
        raise ValueError(
            f"the backbone {model.name!r} takes {takes}. Received: {tuple(shape)}; set size_px, or "
            "build it for any size, (None, None, 3)"
        )
    if not 2 <= len(gives) <= 4:
        raise ValueError(
            f"the backbone {model.name!r} wants to give (B, h, w, D), (B, T, D) or (B, D). "
            f"It gives: {gives}"
        )
    if weights == IMAGENET:
        raise ValueError(f"the backbone {model.name!r} brings its own weights; use weights=None")
    if weights is not None:
        load(model, weights)
    if isinstance(model, keras.Sequential) or not isinstance(model.input, keras.KerasTensor):
        model = keras.Model(inputs[0], model.outputs[0], name=model.name)
    return model
