"""One of several labels that have an order."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from mmkeras.heads.classify import most_frequent
from mmkeras.heads.head import Head
from mmkeras.heads.measures import (
    Measure,
    accuracy,
    balanced_accuracy,
    most_probable,
    rank_error,
)
from mmkeras.heads.own_unit import softplus
from mmkeras.heads.shaped import PLAIN, Shape
from mmkeras.tasks import Ordinal

GAIN = 4.0  # of a score into logits: thresholds part in a quarter of the optimizer's steps


@keras.saving.register_keras_serializable("mmkeras")
class Ranks(layers.Layer):
    """P(y ≤ k) = σ(4 (θ_k - f)), θ_1 < θ_2 < ...: a score f (..., 1) -> probabilities (..., K).

    Proportional odds: McCullagh, "Regression models for ordinal data", JRSS B 1980. One score for
    all thresholds makes the ranks consistent, as in CORAL, Cao et al., Pattern Recognition Letters
    2020. θ is a first threshold and a sum of softplus, so that it cannot fall; it starts where all
    ranks are equally probable for f = 0. Float on the device too.
    """

    keep_float = True

    def __init__(self, ranks, **kwargs):
        super().__init__(**kwargs)
        self.ranks = ranks

    def build(self, shape):
        shares = np.arange(1, self.ranks) / self.ranks
        start = np.log(shares / (1 - shares)) / GAIN
        steps = np.log(np.expm1(np.diff(start)))  # softplus gives the differences back
        constant = keras.initializers.Constant
        self.first = self.add_weight((1,), constant(start[0]), name="first")
        self.steps = self.add_weight((self.ranks - 2,), constant(steps), name="steps")

    def call(self, score):
        steps = ops.concatenate([self.first, softplus(self.steps)])
        rising = np.triu(np.ones((self.ranks - 1,) * 2, "float32"))  # its product is a running sum
        thresholds = ops.matmul(steps[None], rising)[0]  # (K - 1,)
        below = ops.sigmoid(GAIN * (thresholds - score))  # (..., K - 1)
        all_below = ops.ones_like(score)
        upper = ops.concatenate([below, all_below], axis=-1)
        lower = ops.concatenate([ops.zeros_like(score), below], axis=-1)
        return upper - lower

    def get_config(self):
        return {**super().get_config(), "ranks": self.ranks}


@keras.saving.register_keras_serializable("mmkeras")
class RankLoss(keras.losses.Loss):
    """-w_y Σ_k log P(whether y > k), over the K - 1 places between ranks, the mean of them.

    Ids (B,), probabilities (B, K) -> (B,). w is one of `weights`, by rank, or 1 for ().
    Cao et al. 2020, eq. 4.
    """

    def __init__(self, weights=(), reduction="mean_with_sample_weight", name="rank_loss", **kwargs):
        super().__init__(name, reduction, **kwargs)
        self.weights = tuple(weights)

    def call(self, y_true, y_pred):
        ranks = y_pred.shape[-1]
        above = ops.matmul(y_pred, np.tril(np.ones((ranks, ranks - 1), "float32"), -1))  # P(y > k)
        ids = ops.reshape(ops.cast(y_true, "int32"), (-1, 1))
        truth = ops.cast(ids > ops.arange(ranks - 1, dtype="int32"), y_pred.dtype)
        loss = ops.mean(ops.binary_crossentropy(truth, above), axis=-1)
        if not self.weights:
            return loss
        return loss * ops.take(ops.convert_to_tensor(self.weights, loss.dtype), ids[:, 0])

    def get_config(self):
        return {**super().get_config(), "weights": list(self.weights)}


def _read(task: Ordinal, name: str, output: str | None = None) -> layers.Layer:
    return Ranks(len(task.spec.labels), name=name, dtype="float32")


def _loss(task: Ordinal, scale: float = 1.0, shape: Shape = PLAIN) -> keras.losses.Loss:
    return RankLoss(shape.weights)


def _metrics(task: Ordinal) -> list[keras.metrics.Metric]:
    return [keras.metrics.SparseCategoricalAccuracy("accuracy")]


ORDINAL = Head(
    lambda task: 1,
    _read,
    _loss,
    _metrics,
    measures=(
        Measure("accuracy", accuracy),
        Measure("balanced_accuracy", balanced_accuracy),
        Measure("rank_error", rank_error, higher=False),
    ),
    constant=most_frequent,
    said=most_probable,
    shapes=("class_weights",),
)
