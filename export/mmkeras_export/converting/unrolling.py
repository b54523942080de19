"""Recurrent layers, step after step instead of as a loop: what a converter refuses in loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras


def loops_of(model: keras.Model) -> list[keras.Layer]:
    """The recurrent layers that run as a loop, nested ones too."""
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if getattr(layer, "unroll", None) is False]


@contextmanager
def unrolled(layers: Sequence[keras.Layer]) -> Iterator[None]:
    """Within, a model that is traced has these layers step after step, on the same weights.

    Keras asks a layer when it is called, so that no copy of the model is needed, which layers that
    are not registered would not survive.
    """
    for layer in layers:
        layer.unroll = True
    try:
        yield
    finally:
        for layer in layers:
            layer.unroll = False
