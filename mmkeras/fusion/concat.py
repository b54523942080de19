"""Fusion by concatenation."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Concat(layers.Layer):
    """z = [h_1; ...; h_M]: (B, M, D) -> (B, M · D)."""

    takes = "features"

    def call(self, features):
        return ops.reshape(features, (-1, features.shape[1] * features.shape[2]))
