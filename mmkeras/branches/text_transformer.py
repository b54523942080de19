"""A small transformer over a text, trained from scratch."""

from __future__ import annotations

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from mmkeras.branches.masked import MaskedMean
from mmkeras.branches.minilm import TokenAttention
from mmkeras.branches.word_vectors import words
from mmkeras.modalities import Text

HEADS = 4


def text_transformer(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """x ← x + attention(norm(x)); x ← x + W_2 gelu(W_1 norm(x)), `layers` times, and the mean of
    the tokens: (B, T) -> (B, units), (B, T, units).

    Vaswani et al., "Attention is all you need", NeurIPS 2017, with the normalisation first: Xiong
    et al., "On layer normalization in the transformer architecture", ICML 2020. A tower of its
    own, so that int8 spares its activations. ValueError if the heads do not divide `units`.
    """
    units, blocks = source.units, source.layers
    assert units is not None  # the table's
    assert blocks is not None
    if units % HEADS:
        raise ValueError(f"{name!r}: units must be a multiple of {HEADS} heads. Received: {units}")
    vectors = words(name, source, ids)
    start = keras.Input(vectors.shape[1:], name="words")
    mask = keras.Input(real.shape[1:], name="real")
    x = start
    if x.shape[-1] != units:
        x = layers.Dense(units, name="match")(x)
    x = InOrder(name="order")(x)
    for i in range(blocks):
        y = layers.LayerNormalization(name=f"block{i}_attention_norm")(x)
        y = TokenAttention(HEADS, name=f"block{i}_attention")(y, 1.0 - mask)
        x = layers.Add(name=f"block{i}_attention_add")([x, y])
        y = layers.LayerNormalization(name=f"block{i}_dense_norm")(x)
        y = layers.Dense(4 * units, activation="gelu", name=f"block{i}_up")(y)
        y = layers.Dense(units, name=f"block{i}_down")(y)
        x = layers.Add(name=f"block{i}_dense_add")([x, y])
    x = layers.LayerNormalization(name="norm")(x)
    tokens = keras.Model([start, mask], x, name=f"{name}_transformer")([vectors, real])
    return MaskedMean(name=f"{name}_pool")(tokens, real), tokens


@keras.saving.register_keras_serializable("mmkeras")
class InOrder(layers.Layer):
    """Tokens plus the sines of their places: (B, T, D) -> (B, T, D).

    scale · sin(t / 10000^(2i/D)) and cos, Vaswani et al., section 3.5; the scale is learned, and
    begins where the embedding does, whose vectors the customary 1 would drown.
    """

    def build(self, shape):
        self.scale = self.add_weight((), keras.initializers.Constant(0.05), name="scale")
        places = np.arange(shape[1])[:, None]
        angles = places / 10_000 ** (2 * (np.arange(shape[2]) // 2) / shape[2])
        even = np.arange(shape[2]) % 2 == 0
        self.waves = np.where(even, np.sin(angles), np.cos(angles)).astype(np.float32)

    def call(self, tokens):
        return tokens + self.scale * ops.convert_to_tensor(self.waves, tokens.dtype)
