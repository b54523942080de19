"""Fusion by a few learned queries that read all tokens."""

import keras
from keras import layers, ops

from mmkeras.fusion.attention import FeedForward, MaskedAttention


@keras.saving.register_keras_serializable("mmkeras")
class Perceiver(layers.Layer):
    """z = mean of N latents, each layer: read all tokens, then see each other, both residual.

    M tensors (B, T_m, D) and M masks (B, T_m) -> (B, D). The cost grows with the number of tokens
    T = Σ T_m, not with its square. Jaegle et al., "Perceiver: General Perception with Iterative
    Attention", ICML 2021, with weights of their own for each of the `layers`. `return_weights`
    gives (z, the last reading's weights), (B, heads, latents, T).
    """

    takes = "tokens"
    keep_dynamic = True

    def __init__(self, latents=8, layers=2, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.latents = latents
        self.depth = layers
        self.heads = heads

    def build(self, tokens_shape, masks_shape):
        width = tokens_shape[0][-1]
        # Far enough apart to ask for different things from the start.
        normal = keras.initializers.TruncatedNormal(stddev=1.0)
        self.start = self.add_weight((1, self.latents, width), normal, name="start")
        times = range(self.depth)
        self.reads = [MaskedAttention(self.heads, from_zero=False, name=f"read_{i}") for i in times]
        self.talks = [MaskedAttention(self.heads, name=f"talk_{i}") for i in times]
        self.behind = [FeedForward(name=f"dense_{i}") for i in times]
        for step in (*self.reads, *self.talks):
            step.build((None, None, width), (None, None, width))
        for step in self.behind:
            step.build((None, None, width))

    def call(self, tokens, masks, return_weights=False):
        context = ops.concatenate(tokens, axis=1)  # (B, T, D)
        mask = ops.concatenate(masks, axis=1)
        x = ops.ones_like(mask[:, :1])[..., None] * self.start  # (B, latents, D)
        for read, talk, behind in zip(self.reads, self.talks, self.behind, strict=True):
            seen, weights = read(x, context, mask, return_weights=True)
            x = x + seen
            x = behind(x + talk(x, x))
        fused = ops.mean(x, axis=1)
        return (fused, weights) if return_weights else fused

    def get_config(self):
        return {
            **super().get_config(),
            "latents": self.latents,
            "layers": self.depth,
            "heads": self.heads,
        }
