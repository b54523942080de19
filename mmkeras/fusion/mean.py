"""Fusion by the mean."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Mean(layers.Layer):
    """z = 1/M Σ_m h_m: (B, M, D) -> (B, D)."""

    takes = "features"

    def call(self, features):
        return ops.mean(features, axis=1)
