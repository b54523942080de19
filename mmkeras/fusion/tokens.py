"""Tokens of a modality on their way to a fusion over tokens."""

import keras
from keras import layers, ops

from mmkeras.branches.absent import PRESENT


@keras.saving.register_keras_serializable("mmkeras")
class Placed(layers.Layer):
    """Tokens plus a learned vector for each place, of a modality's own: (B, T, D) -> (B, T, D).

    So a fusion tells modalities and places apart, as type and position embeddings do in ViLT, Kim
    et al., ICML 2021.
    """

    def build(self, shape):
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.places = self.add_weight(shape[1:], normal, name="places")

    def call(self, tokens):
        return tokens + self.places


@keras.saving.register_keras_serializable("mmkeras")
class TokenMask(layers.Layer):
    """Which tokens of modality `place` count: tokens (B, T, D), there (B, M), and the branch's own
    mask (B, T) if it has one -> (B, T), 1 or 0."""

    keep_float = True

    def __init__(self, place, **kwargs):
        super().__init__(**kwargs)
        self.place = place

    def call(self, tokens, there, mask=None):
        here = there[:, self.place : self.place + 1]  # (B, 1)
        if mask is None:
            mask = ops.ones((1, tokens.shape[1]), "float32")
        return here * ops.cast(mask, "float32")

    def get_config(self):
        return {**super().get_config(), "place": self.place}


@keras.saving.register_keras_serializable("mmkeras")
class Masked(layers.Layer):
    """Tokens with zeros where the mask is 0: (B, T, D), (B, T) -> (B, T, D).

    `where` selects, so that not even a NaN of what is absent goes on.
    """

    def call(self, tokens, mask):
        return ops.where(mask[..., None] > PRESENT, tokens, ops.zeros((), tokens.dtype))


def masked_mean(tokens, mask):
    """Mean of the tokens that count: (B, T, D), (B, T) -> (B, D); zeros where none does."""
    share = mask / ops.maximum(ops.sum(mask, axis=1, keepdims=True), 1.0)
    return ops.sum(share[..., None] * tokens, axis=1)
