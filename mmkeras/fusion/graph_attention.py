"""Fusion by a graph: the modalities are nodes, each joined to all, itself too."""

import keras
from keras import layers, ops

from mmkeras.fusion.attention import check_heads


@keras.saving.register_keras_serializable("mmkeras")
class GraphAttention(layers.Layer):
    """z = Σ_i elu(Σ_j α_ij W h_j), α_i = softmax_j leaky(a·W h_i + b·W h_j): (B, M, D) -> (B, D).

    GAT: Veličković et al., "Graph Attention Networks", ICLR 2018, eq. 3 and 5; its a, for the two
    ends of an edge, is [a; b] here, leaky has slope 0.2, and `heads` heads of D / heads stand side
    by side. `return_weights` gives (z, α) with α (B, heads, M, M).
    """

    takes = "features"
    keep_dynamic = True

    def __init__(self, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape):
        width = shape[-1]
        check_heads(width, self.heads)
        self.nodes = layers.Dense(width, use_bias=False, name="nodes")
        self.nodes.build(shape)
        glorot = keras.initializers.GlorotUniform()
        self.ends = self.add_weight((2, self.heads, width // self.heads), glorot, name="ends")

    def call(self, features, return_weights=False):
        modalities, width = features.shape[1:]
        nodes = ops.reshape(self.nodes(features), (-1, modalities, self.heads, width // self.heads))
        nodes = ops.transpose(nodes, (0, 2, 1, 3))  # (B, heads, M, d)
        here = ops.sum(nodes * self.ends[0][:, None], axis=-1)  # (B, heads, M)
        there = ops.sum(nodes * self.ends[1][:, None], axis=-1)
        scores = ops.leaky_relu(here[..., :, None] + there[..., None, :], 0.2)
        weights = ops.softmax(scores, axis=-1)  # (B, heads, M, M)
        seen = ops.transpose(ops.matmul(weights, nodes), (0, 2, 1, 3))  # (B, M, heads, d)
        fused = ops.sum(ops.elu(ops.reshape(seen, (-1, modalities, width))), axis=1)
        return (fused, weights) if return_weights else fused

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}
