"""What a model learns of its data before training: ranges to normalise by, and the like."""

from __future__ import annotations

import keras

from mmkeras.prepare import Prepared


def adapt(model: keras.Model, data: Prepared) -> None:
    """Shows every layer that has `adapts_to`, the name of an input or output, its training rows.

    Such a layer's `adapt(data, name)` sets its weights. One that has seen rows already keeps what
    it has, so that further training goes on from the same normalisation.
    """
    for layer in model._flatten_layers(include_self=False):
        name = getattr(layer, "adapts_to", None)
        if name is not None and not layer.adapted:
            layer.adapt(data, name)
