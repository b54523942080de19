"""Fusion by self-attention: every modality looks at every other."""

import math

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class SelfAttention(layers.Layer):
    """z = Σ_m (h_m + W_o · softmax(q_m kᵀ / √d) v), modalities as tokens.

    (B, M, D) -> (B, D). Vaswani et al., "Attention is all you need", NeurIPS 2017, eq. 1, with
    `heads` heads of d = D / heads. W_o starts at zero (ReZero: Bachlechner et al., UAI 2021), so
    that training begins at the sum of the modalities, which generalises from few samples, and adds
    what they say of each other. Without layer normalisation, which int8 handles badly.
    """

    takes = "features"

    def __init__(self, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape):
        width = shape[-1]
        if width % self.heads:
            raise ValueError(f"width must be a multiple of {self.heads} heads. Received: {width}")
        self.queries_keys_values = layers.Dense(3 * width, name="queries_keys_values")
        self.queries_keys_values.build(shape)
        self.out = layers.Dense(width, kernel_initializer="zeros", name="out")
        self.out.build(shape)

    def call(self, features):
        modalities, width = features.shape[1:]
        split = (-1, modalities, 3, self.heads, width // self.heads)
        parts = ops.reshape(self.queries_keys_values(features), split)
        parts = ops.transpose(parts, (2, 0, 3, 1, 4))  # (3, B, heads, M, d)
        queries, keys, values = parts[0], parts[1], parts[2]
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))  # (B, heads, M, M)
        weights = ops.softmax(scores / math.sqrt(width // self.heads))
        seen = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))  # (B, M, heads, d)
        attended = features + self.out(ops.reshape(seen, (-1, modalities, width)))
        return ops.sum(attended, axis=1)

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}
