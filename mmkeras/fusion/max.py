"""Fusion by the largest."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Max(layers.Layer):
    """z_d = max_m h_md: (B, M, D) -> (B, D)."""

    takes = "features"

    def call(self, features):
        return ops.max(features, axis=1)
