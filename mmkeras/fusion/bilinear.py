"""Fusion by low-rank bilinear pooling, pair by pair."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Bilinear(layers.Layer):
    """z = Σ_m h_m + P Σ_{m<n} tanh(U_m h_m + b_m) ∘ tanh(U_n h_n + b_n): (B, M, D) -> (B, D).

    Every pair of entries of two modalities counts, by a matrix of rank `rank` for each entry of z.
    MLB, the full model with a shortcut: Kim et al., "Hadamard Product for
    Low-rank Bilinear Pooling", ICLR 2017. P starts at zero: training begins at the sum.
    """

    takes = "features"
    keep_dynamic = True

    def __init__(self, rank=32, **kwargs):
        super().__init__(**kwargs)
        self.rank = rank

    def build(self, shape):
        _, modalities, width = shape
        self.factors = [
            layers.Dense(self.rank, activation="tanh", name=f"factor_{m}")
            for m in range(modalities)
        ]
        for factor in self.factors:
            factor.build((None, width))
        self.out = layers.Dense(width, kernel_initializer="zeros", name="out")
        self.out.build((None, self.rank))

    def call(self, features):
        seen = [factor(features[:, m]) for m, factor in enumerate(self.factors)]
        before, pairs = seen[0], 0.0
        for factor in seen[1:]:
            pairs = pairs + before * factor  # with all that came before it
            before = before + factor
        return ops.sum(features, axis=1) + self.out(pairs)

    def get_config(self):
        return {**super().get_config(), "rank": self.rank}
