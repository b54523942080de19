"""Encoders of a sequence, for sound and for readings: (B, T, C) -> (B, T, D).

Without batch normalisation, which got stuck on few samples; what is added to a residual path
starts at zero instead (Zhang et al., "Fixup", ICLR 2019; Bachlechner et al., "ReZero", UAI 2021).
"""

from __future__ import annotations

import math

import keras
from keras import KerasTensor, layers, ops

from mmkeras_edge.inputs import pick


def tcn(name: str, steps: KerasTensor, units: int = 64, depth: int | None = None) -> KerasTensor:
    """x ← relu(x + conv(relu(conv(x)))), `depth` times: (B, T, C) -> (B, T, units).

    Bai et al., "An empirical evaluation of generic convolutional and recurrent networks for
    sequence modeling", 2018; not causal, as the whole clip is there. Two convolutions over 3 steps,
    dilated 2^i in block i, see 1 + 4 · (2^depth - 1) steps; by default as many blocks as let the
    middle step see all T.
    """
    if depth is None:
        depth = max(1, math.ceil(math.log2((steps.shape[1] - 1) / 4 + 1)))
    x = steps
    for i in range(depth):
        y = x
        for half, start in (("in", "he_normal"), ("out", "zeros")):
            y = layers.Conv1D(
                units,
                3,
                padding="same",
                dilation_rate=2**i,
                activation="relu" if half == "in" else None,
                kernel_initializer=start,
                name=f"{name}_tcn{i}_{half}",
            )(y)
        if x.shape[-1] != units:
            x = layers.Dense(units, name=f"{name}_tcn{i}_match")(x)
        x = layers.Add(name=f"{name}_tcn{i}_add")([x, y])
        x = layers.ReLU(name=f"{name}_tcn{i}")(x)
    return x


def recurrent(
    name: str,
    steps: KerasTensor,
    units: int = 64,
    depth: int = 1,
    cell: str = "gru",
    both_ways: bool = False,
) -> KerasTensor:
    """`depth` layers of LSTM or GRU: (B, T, C) -> (B, T, units), twice that `both_ways`.

    Hochreiter and Schmidhuber, Neural Computation, 1997; Cho et al., EMNLP 2014; both ways:
    Schuster and Paliwal, IEEE Transactions on Signal Processing, 1997.
    """
    kind = pick({"lstm": layers.LSTM, "gru": layers.GRU}, cell, "recurrent cell")
    x = steps
    for i in range(depth):
        title = f"{name}_{cell}{i}"
        if both_ways:
            x = layers.Bidirectional(kind(units, return_sequences=True), name=title)(x)
        else:
            x = kind(units, return_sequences=True, name=title)(x)
    return x


def transformer(
    name: str, steps: KerasTensor, units: int = 64, depth: int = 2, heads: int = 4
) -> KerasTensor:
    """Every step reads every other, `depth` times: (B, T, C) -> (B, T, units).

    Vaswani et al., "Attention is all you need", NeurIPS 2017: a learned vector a step, then
    attention and two dense layers of 4 · units and units, each added with a learned weight that
    starts at zero in the place of layer normalisation (ReZero). A tower of its own, so that int8
    spares its activations. Raises ValueError if the heads do not divide the units.
    """
    if units % heads:
        raise ValueError(f"{name!r}: units must be a multiple of {heads} heads. Received: {units}")
    start = keras.Input(steps.shape[1:])
    x = layers.Dense(units, name="project")(start)
    x = StepVectors(name="places")(x)
    for i in range(depth):
        x = StepAttention(heads, name=f"attention{i}")(x)
        y = layers.Dense(4 * units, activation="relu", name=f"up{i}")(x)
        y = layers.Dense(units, kernel_initializer="zeros", name=f"down{i}")(y)
        x = layers.Add(name=f"add{i}")([x, y])
    return keras.Model(start, x, name=f"{name}_transformer")(steps)


@keras.saving.register_keras_serializable("mmkeras")
class StepVectors(layers.Layer):
    """Steps plus a learned vector for each place in time: (B, T, D) -> (B, T, D)."""

    def build(self, shape):
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.places = self.add_weight(shape[1:], normal, name="places")

    def call(self, steps):
        return steps + self.places


@keras.saving.register_keras_serializable("mmkeras")
class StepAttention(layers.Layer):
    """x + W_o · softmax(q kᵀ / √d) v over all steps, W_o zero at first: (B, T, D) -> (B, T, D)."""

    keep_dynamic = True  # int8 activations ruin attention over tokens; int8 weights do not

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape):
        self.queries_keys_values = layers.Dense(3 * shape[-1], name="queries_keys_values")
        self.queries_keys_values.build(shape)
        self.out = layers.Dense(shape[-1], kernel_initializer="zeros", name="out")
        self.out.build(shape)

    def call(self, steps):
        length, width = steps.shape[1:]
        split = (-1, length, 3, self.heads, width // self.heads)
        parts = ops.reshape(self.queries_keys_values(steps), split)
        parts = ops.transpose(parts, (2, 0, 3, 1, 4))  # (3, B, heads, T, d)
        queries, keys, values = parts[0], parts[1], parts[2]
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))  # (B, heads, T, T)
        weights = ops.softmax(scores / math.sqrt(width // self.heads))
        seen = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))  # (B, T, heads, d)
        return steps + self.out(ops.reshape(seen, (-1, length, width)))

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}
