"""Fusion by cross-attention: one modality asks, the others answer."""

import keras
from keras import layers, ops

from mmkeras.fusion.attention import MaskedAttention
from mmkeras.fusion.chosen import chosen
from mmkeras.fusion.tokens import masked_mean


@keras.saving.register_keras_serializable("mmkeras")
class CrossAttention(layers.Layer):
    """z = mean_t (x_t + Σ_{m≠q} attention_m(x_t, tokens of m)), x the tokens of modality q.

    M tensors (B, T_m, D) and M masks (B, T_m) -> (B, D). `query` is q, the place of a modality
    among the inputs or, in a recipe, its name; the first by default. One more x, learned, asks
    beside them: where q is absent, the others are heard all the same. The crossmodal attention of
    MulT, one layer of it: Tsai et al., "Multimodal Transformer for Unaligned Multimodal Language
    Sequences", ACL 2019, eq. 1. `return_weights` gives (z, weights), (B, heads, 1 + T_q, T_m) for
    each of the others in order; the first row is the learned one.
    """

    takes = "tokens"
    keep_dynamic = True
    by_name = ("query",)

    def __init__(self, query=0, heads=4, **kwargs):
        super().__init__(**kwargs)
        self.query = query
        self.heads = heads

    def build(self, tokens_shape, masks_shape):
        width = tokens_shape[0][-1]
        self.place = chosen(self.query, len(tokens_shape), "query")
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.learned = self.add_weight((1, 1, width), normal, name="learned")
        # Not from zero: without the others' answers z says nothing of them.
        self.answers = [
            MaskedAttention(self.heads, from_zero=False, name=f"answer_{m}")
            for m in range(len(tokens_shape) - 1)
        ]
        for answer in self.answers:
            answer.build((None, None, width), (None, None, width))

    def call(self, tokens, masks, return_weights=False):
        first = ops.ones_like(masks[0][:, :1])  # (B, 1)
        mask = ops.concatenate([first, masks[self.place]], axis=1)
        asking = ops.concatenate([first[..., None] * self.learned, tokens[self.place]], axis=1)
        others = [m for m in range(len(tokens)) if m != self.place]
        fused, weights = asking, []
        for answer, m in zip(self.answers, others, strict=True):
            seen, weight = answer(asking, tokens[m], masks[m], return_weights=True)
            fused = fused + seen
            weights.append(weight)
        fused = masked_mean(fused, mask)
        return (fused, weights) if return_weights else fused

    def get_config(self):
        return {**super().get_config(), "query": self.query, "heads": self.heads}
