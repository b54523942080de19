"""A text: token ids, embedded in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import keras
from keras import layers, ops

from mmkeras.branches.branch import Branch
from mmkeras.branches.minilm import minilm
from mmkeras.modalities import Text
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import PAD_ID


@keras.saving.register_keras_serializable("mmkeras")
class MaskedMean(layers.Layer):
    """Mean of the tokens that are no padding: (B, T, D), ids (B, T) -> (B, D)."""

    keep_float = True  # the division collapses in int8

    def call(self, tokens, ids):
        real = ops.cast(ops.not_equal(ids, PAD_ID), self.compute_dtype)  # (B, T)
        share = real / ops.maximum(ops.sum(real, axis=1, keepdims=True), 1.0)
        return ops.sum(share[..., None] * tokens, axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class MaskedSum(layers.Layer):
    """Sum of the tokens that are no padding: (B, T, D), ids (B, T) -> (B, D).

    Over an embedding this is a bag of words times a matrix, without the long vector of counts.
    """

    keep_float = True

    def call(self, tokens, ids):
        real = ops.cast(ops.not_equal(ids, PAD_ID), self.compute_dtype)  # (B, T)
        return ops.sum(real[..., None] * tokens, axis=1)


def text_branch(name: str, source: Text) -> Branch:
    """int32 (B, T) -> pooled (B, D) and one token feature a token id."""
    ids = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    return pick(ENCODERS, source.branch, "text branch")(name, source, ids)


def embedding(name: str, source: Text, ids: keras.KerasTensor) -> Branch:
    """Learned vectors and their mean."""
    tokens = layers.Embedding(source.tokens, 128, name=f"{name}_embedding")(ids)
    return Branch(ids, MaskedMean(name=f"{name}_pool")(tokens, ids), tokens)


def dense(name: str, source: Text, ids: keras.KerasTensor) -> Branch:
    """A bag of words through a dense layer of 128 rectified units."""
    tokens = layers.Embedding(source.tokens, 128, name=f"{name}_words")(ids)
    bag = MaskedSum(name=f"{name}_pool")(tokens, ids)
    return Branch(ids, layers.Dense(128, activation="relu", name=f"{name}_dense")(bag), tokens)


def sentence(name: str, source: Text, ids: keras.KerasTensor) -> Branch:
    """A pre-trained MiniLM sentence encoder and the mean of its tokens."""
    tower = minilm(ids.shape[1], weights=_pretrained(source), name=f"{name}_minilm")
    tower.trainable = source.trainable
    tokens = tower(ids)
    return Branch(ids, MaskedMean(name=f"{name}_pool")(tokens, ids), tokens)


def _pretrained(source: Text) -> Literal["pretrained"] | None:
    if source.weights not in (None, "pretrained"):
        raise ValueError(
            f'{source.branch} takes weights=None or "pretrained". Received: {source.weights!r}'
        )
    return "pretrained" if source.weights else None


ENCODERS: dict[str, Callable[[str, Text, keras.KerasTensor], Branch]] = {
    "embedding": embedding,
    "dense": dense,
    "minilm": sentence,
}
