"""Fusion by addition."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Sum(layers.Layer):
    """z = Σ_m h_m: (B, M, D) -> (B, D)."""

    takes = "features"

    def call(self, features):
        return ops.sum(features, axis=1)
