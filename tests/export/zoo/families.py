"""Whole members of the families of `keras.applications`, for as small a picture as they take."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from mmkeras.branches.applications import APPLICATIONS
from mmkeras.branches.image import image_branch
from mmkeras.modalities import Image
from mmkeras_export import convert

ROWS = 8


def pixels(px: int) -> np.ndarray:
    """Noise whose colour and contrast differ from row to row."""
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (ROWS, 1, 1, 3)) * random.random((ROWS, px, px, 1))
    return colours.astype(np.uint8)


def settle(model: keras.Model, feed: dict[str, np.ndarray]) -> None:
    """Gives each normalisation statistics of these rows: with random weights, features would vanish
    or explode layer by layer.

    All channels of a layer are divided by one deviation. By its own, which is next to none for some
    channel over maps of one place, rounding errors would grow layer by layer.
    """
    norms = [x for x in model._flatten_layers() if isinstance(x, layers.BatchNormalization)]
    for norm in norms:

        def measured(x, norm=norm, call=norm.call, **options):
            mean, variance = ops.moments(x, axes=(0, 1, 2))
            norm.moving_mean.assign(mean)
            norm.moving_variance.assign(ops.full_like(variance, ops.mean(variance)))
            return call(x, **options)

        norm.call = measured
    model(feed)
    for norm in norms:
        del norm.call  # that of its class again


def whole(name: str, px: int | None = None):
    """A backbone with random weights, up to its last map, averaged, over the smallest pictures or
    those of `px`: (model, float32 file, pictures by input, Keras' answers by output, which is
    "features").

    One by one: to convert all in one file takes more memory than time is saved.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    px = px or APPLICATIONS[name].min_px
    branch = image_branch("image", Image(name, (px, px)))
    model = keras.Model({"image": branch.input}, {"features": branch.pooled})
    feed = {"image": pixels(px)}
    settle(model, feed)
    return model, convert(model), feed, model.predict(feed, verbose=0)
