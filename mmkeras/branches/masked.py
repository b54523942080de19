"""Which tokens are real, and one vector of them: what fills a text up never counts."""

import keras
from keras import layers, ops

from mmkeras_edge.specs import PAD_ID


@keras.saving.register_keras_serializable("mmkeras")
class RealTokens(layers.Layer):
    """1 for a token, 0 for padding: ids (B, T) -> (B, T), float32."""

    keep_float = True

    def call(self, ids):
        return ops.cast(ops.not_equal(ids, PAD_ID), "float32")


@keras.saving.register_keras_serializable("mmkeras")
class RealOnly(layers.Layer):
    """Tokens with zeros in the place of padding: (B, T, D), real (B, T) -> (B, T, D).

    `where` selects, so that no padding leaks, whatever it is embedded as.
    """

    keep_float = True

    def call(self, tokens, real):
        return ops.where(real[..., None] > 0, tokens, ops.zeros((), tokens.dtype))


@keras.saving.register_keras_serializable("mmkeras")
class MaskedMean(layers.Layer):
    """Mean of the real tokens: (B, T, D), real (B, T) -> (B, D); zeros if there are none."""

    keep_float = True  # the division collapses in int8

    def call(self, tokens, real):
        share = real / ops.maximum(ops.sum(real, axis=1, keepdims=True), 1.0)
        return ops.sum(share[..., None] * tokens, axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class MaskedSum(layers.Layer):
    """Sum of the real tokens: (B, T, D), real (B, T) -> (B, D).

    Over an embedding this is a bag of words times a matrix, without the long vector of counts.
    """

    keep_float = True

    def call(self, tokens, real):
        return ops.sum(real[..., None] * tokens, axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class MaskedMax(layers.Layer):
    """The largest of the real tokens, or 0, feature by feature: (B, T, D), real (B, T) -> (B, D).

    For rectified features, of which none is smaller than the 0 that stands for padding.
    """

    keep_float = True

    def call(self, tokens, real):
        return ops.max(real[..., None] * tokens, axis=1)
