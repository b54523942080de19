"""Fusion by a low-rank tensor."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class LowRank(layers.Layer):
    """z = 1/R Σ_r Π_m W_mr [h_m; 1] + b: (B, M, D) -> (B, D).

    Tensor fusion without the tensor: its weights are a sum of `rank` = R outer products, so that
    cost grows with M and not with D^M. LMF: Liu et al., "Efficient Low-rank Multimodal Fusion with
    Modality-Specific Factors", ACL 2018. The column of W that meets the 1 starts at one: a
    modality of zeros multiplies by one. b starts at minus one: int8 wants z around zero.
    """

    takes = "features"
    keep_dynamic = True

    def __init__(self, rank=4, **kwargs):
        super().__init__(**kwargs)
        self.rank = rank

    def build(self, shape):
        _, modalities, width = shape
        self.factors = [
            layers.Dense(self.rank * width, bias_initializer="ones", name=f"factor_{m}")
            for m in range(modalities)
        ]
        for factor in self.factors:
            factor.build((None, width))
        self.bias = self.add_weight((width,), keras.initializers.Constant(-1.0), name="bias")

    def call(self, features):
        product = self.factors[0](features[:, 0])
        for m, factor in enumerate(self.factors[1:], start=1):
            product = product * factor(features[:, m])
        ranks = ops.reshape(product, (-1, self.rank, features.shape[2]))
        return ops.mean(ranks, axis=1) + self.bias

    def get_config(self):
        return {**super().get_config(), "rank": self.rank}
