"""Fusion through a bottleneck: modalities meet only in a few tokens between them."""

import keras
from keras import layers, ops

from mmkeras.fusion.attention import FeedForward, MaskedAttention
from mmkeras.fusion.tokens import masked_mean


@keras.saving.register_keras_serializable("mmkeras")
class Bottleneck(layers.Layer):
    """[x_m; b_m] = transformer_m([x_m; b]), then b = mean of the b_m; z = Σ_m mean(x_m) + mean(b).

    M tensors (B, T_m, D) and M masks (B, T_m) -> (B, D). `tokens` learned tokens b stand between
    the modalities and pass on what each says to the others, `layers` times; those of an absent one
    do not count. MBT: Nagrani et al., "Attention Bottlenecks for Multimodal Fusion", NeurIPS 2021,
    eq. 8 and 9. `return_weights` gives (z, weights of the last layer), one tensor a modality,
    (B, heads, T_m + tokens, T_m + tokens), the bottleneck last.
    """

    takes = "tokens"
    keep_dynamic = True

    def __init__(self, tokens=4, layers=2, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.count = tokens
        self.depth = layers
        self.heads = heads

    def build(self, tokens_shape, masks_shape):
        width = tokens_shape[0][-1]
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.start = self.add_weight((1, self.count, width), normal, name="start")
        places = [(i, m) for i in range(self.depth) for m in range(len(tokens_shape))]
        self.steps = [MaskedAttention(self.heads, name=f"attention_{i}_{m}") for i, m in places]
        self.behind = [FeedForward(name=f"dense_{i}_{m}") for i, m in places]
        for step, behind in zip(self.steps, self.behind, strict=True):
            step.build((None, None, width), (None, None, width))
            behind.build((None, None, width))

    def call(self, tokens, masks, return_weights=False):
        first = ops.ones_like(masks[0][:, :1])  # (B, 1)
        shared = first[..., None] * self.start  # (B, tokens, D)
        counts = ops.tile(first, (1, self.count))
        there = ops.stack([ops.max(mask, axis=1, keepdims=True) for mask in masks], axis=1)
        share = there / ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0)  # (B, M, 1)
        for i in range(self.depth):
            after, told, weights = [], [], []
            for m, (x, mask) in enumerate(zip(tokens, masks, strict=True)):
                place = i * len(masks) + m
                both = ops.concatenate([x, shared], axis=1)
                mask = ops.concatenate([mask, counts], axis=1)
                seen, weight = self.steps[place](both, both, mask, return_weights=True)
                both = self.behind[place](both + seen)
                x, own = ops.split(both, [x.shape[1]], axis=1)
                after.append(x)
                told.append(share[:, m, :, None] * own)
                weights.append(weight)
            tokens, shared = after, sum(told)
        means = [masked_mean(*each) for each in zip(tokens, masks, strict=True)]
        fused = sum(means) + ops.mean(shared, axis=1)
        return (fused, weights) if return_weights else fused

    def get_config(self):
        return {
            **super().get_config(),
            "tokens": self.count,
            "layers": self.depth,
            "heads": self.heads,
        }
