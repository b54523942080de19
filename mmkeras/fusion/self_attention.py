"""Fusion by self-attention: every modality, or every token, looks at every other."""

import keras
from keras import layers, ops

from mmkeras.fusion.attention import FeedForward, MaskedAttention
from mmkeras.fusion.sum import Sum
from mmkeras.fusion.tokens import masked_mean
from mmkeras.fusion.weighted_sum import WeightedSum
from mmkeras_edge.inputs import pick

OVER = {"modalities": "features", "tokens": "tokens"}  # what each `over` takes
POOLS = {"sum": Sum, "weighted": WeightedSum}  # of what the modalities have become


@keras.saving.register_keras_serializable("mmkeras")
class SelfAttention(layers.Layer):
    """z = Σ_m (h_m + W_o · softmax(q_m kᵀ / √d) v), modalities as tokens.

    (B, M, D) -> (B, D). Vaswani et al., "Attention is all you need", NeurIPS 2017, eq. 1, with
    `heads` heads of d = D / heads. W_o starts at zero (ReZero: Bachlechner et al., UAI 2021), so
    that training begins at the sum of the modalities, which generalises from few samples, and adds
    what they say of each other. Without layer normalisation, which int8 handles badly.

    `pool="weighted"` takes learned weights instead of Σ: see `WeightedSum`.
    `over="tokens"` is early fusion: all tokens of all modalities see each other, and z is the sum
    of the modalities' means; M tensors (B, T_m, D) and M masks (B, T_m) -> (B, D). Over tokens, and
    where there are more `layers` than one, each has two dense layers behind it. `return_weights`
    gives (z, weights of the last layer), (B, heads, M, M) or (B, heads, T, T) with T = Σ T_m.
    """

    def __init__(self, heads=4, layers=1, over="modalities", pool="sum", **kwargs):
        super().__init__(**kwargs)
        pick(POOLS, pool, "pool of the fusion self_attention:")
        if pool == "weighted" and over == "tokens":
            raise ValueError('pool="weighted" weighs modalities; over="tokens" takes pool="sum"')
        self.takes = pick(OVER, over, "over of the fusion self_attention:")
        self.heads = heads
        self.depth = layers
        self.over = over
        self.pool = pool
        self.keep_dynamic = over == "tokens"  # a few vectors survive int8, a text does not

    def build(self, features_shape, masks_shape=None):
        tokens = self.over == "tokens"
        if not tokens:
            self.pooled = POOLS[self.pool](name="pooled")
            self.pooled.build(features_shape)
        width = features_shape[0][-1] if tokens else features_shape[-1]
        self.steps = [MaskedAttention(self.heads, name=f"attention_{i}") for i in range(self.depth)]
        dense = self.depth if tokens or self.depth > 1 else 0
        self.behind = [FeedForward(name=f"dense_{i}") for i in range(dense)]
        for step in self.steps:
            step.build((None, None, width), (None, None, width))
        for step in self.behind:
            step.build((None, None, width))

    def call(self, features, masks=None, return_weights=False):
        if self.over == "modalities":
            seen, weights = self._through(features)
            fused = self.pooled(seen)
        else:
            mask = ops.concatenate(masks, axis=1)
            seen, weights = self._through(ops.concatenate(features, axis=1), mask)
            ends = [sum(m.shape[1] for m in masks[: i + 1]) for i in range(len(masks) - 1)]
            parts = ops.split(seen, ends, axis=1)
            fused = sum(masked_mean(*each) for each in zip(parts, masks, strict=True))
        return (fused, weights) if return_weights else fused

    def _through(self, x, mask=None):
        """All layers: (B, T, D) and the last one's weights."""
        for i, step in enumerate(self.steps):
            seen, weights = step(x, x, mask, return_weights=True)
            x = x + seen
            if self.behind:
                x = self.behind[i](x)
        return x, weights

    def get_config(self):
        return {
            **super().get_config(),
            "heads": self.heads,
            "layers": self.depth,
            "over": self.over,
            "pool": self.pool,
        }
