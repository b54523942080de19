"""What every backbone is, and how weights from a file get into it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
from keras import layers

IMAGENET = "imagenet"


class Backbone(NamedTuple):
    """`make(shape, weights)` gives a keras.Model (B, H, W, C) -> (B, h, w, D), whose sides H and W
    are at least `min_px`.

    `normalise(name=...)` is the layer that raw pixels pass first; `flatten` keeps positions when
    the map becomes one vector (a small map of few channels needs them). `weights` are None,
    "imagenet" or the path of a file: see `load`. `pretrained` says that they always come along.
    """

    make: Callable[[tuple[int, ...], str | None], keras.Model]
    normalise: Callable[..., layers.Layer]
    flatten: bool = False
    sound: bool = True  # whether it takes a spectrogram's one channel; else a grey picture
    min_px: int = 1
    pretrained: bool = False

    def build(self, shape: tuple[int, ...], weights: str | None, name: str) -> keras.Model:
        """The tower of that name for maps (H, W, C). ValueError for a side that is too small."""
        if min(shape[:2]) < self.min_px:
            raise ValueError(
                f"{name!r} takes at least {self.min_px} by {self.min_px}. Received: {shape[0]} by "
                f"{shape[1]}; enlarge size_px of a picture, clip_ms and mels of a sound"
            )
        model = self.make(shape, weights)
        model.name = name  # a wrapper would hide a class of KerasHub, which knows how it is saved
        return model


def from_scratch(
    architecture: Callable[[tuple[int, ...]], keras.Model], shape: tuple[int, ...], weights
) -> keras.Model:
    """A model that nobody has trained on ImageNet; its weights may come from a file."""
    if weights == IMAGENET:
        raise ValueError(
            f"the backbone {architecture.__name__!r} has no weights {weights!r}; use weights=None "
            "or the path of a file"
        )
    model = architecture(shape)
    if weights is not None:
        load(model, weights)
    return model


def load(model: keras.Model, path: str) -> None:
    """Puts the weights of a file into a model of the same architecture.

    A `.weights.h5` by `save_weights`, or a `.keras` by `save`, of the backbone alone: without the
    top that classifies. Raises ValueError for a file of another kind, or of another architecture.
    """
    file = Path(path)
    if not file.is_file() or not file.name.endswith((".keras", ".weights.h5")):
        raise ValueError(
            f'weights: wanted None, "{IMAGENET}" or the path of a .weights.h5 or .keras file that '
            f"is there. Received: {path!r}"
        )
    try:
        if file.suffix == ".keras":
            model.set_weights(keras.models.load_model(file, compile=False).get_weights())
        else:
            with warnings.catch_warnings(action="error"):  # Keras only warns of what it left out
                model.load_weights(file)
    except (KeyError, OSError, TypeError, ValueError, UserWarning) as error:
        raise ValueError(
            f"the weights of {path} do not fit the backbone {model.name!r}; wanted those of the "
            f"same backbone without its top (include_top=False): {error}"
        ) from error
