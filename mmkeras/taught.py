"""Labels and a teacher's answers in one array, and the loss and the metrics that read it.

Keras gives a loss one array of truths. Where there is a teacher, it is, float32 (B, 2 + l + v):

    1 where the label is known, else 0 · the label (l) · 1 where the teacher answers, else 0 · its
    answer (v)

l is 1, or the number of labels of a `multilabel` output; v what the output holds. Labels alone,
(B,) or (B, l), as validation has them, are taken as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from mmkeras.distribution import replicas
from mmkeras.heads.divergence import DIVERGENCES
from mmkeras.mixing import is_mixed, one_of
from mmkeras.targets import filled, labelled


class Lesson(NamedTuple):
    """What a teacher has for so many rows, NaN where it has nothing; as in `Prepared`."""

    taught: Mapping[str, np.ndarray] = {}  # its answers by output, (rows, v)
    fused: np.ndarray | None = None  # its fused vectors, standardised, (rows, E)


def packed(labels: np.ndarray, taught: np.ndarray) -> np.ndarray:
    """Labels as in `mmkeras.targets`, answers (B, v) with NaN where there is none."""
    parts = [labelled(labels), filled(labels), labelled(taught), filled(taught)]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], 1, dtype=np.float32)


@keras.saving.register_keras_serializable("mmkeras")
class TaughtLoss(keras.losses.Loss):
    """(1 - α) L(labels) + α D(teacher's answers), α the teacher's `share`.

    L is the output's own loss over the rows that have a label, D the mean of its kind's divergence
    over those that the teacher answered; numbers are divided by `scale` for it. Hinton, Vinyals and
    Dean, "Distilling the knowledge in a neural network", 2015, section 2.
    """

    def __init__(
        self, loss, kind, share=0.5, temperature=1.0, scale=1.0, name="taught_loss", **kwargs
    ):
        super().__init__(name, **kwargs)
        self.loss = loss
        self.kind = kind
        self.share = share
        self.temperature = temperature
        self.scale = scale

    def __call__(self, y_true, y_pred, sample_weight=None):
        if not _is_packed(y_true, y_pred):
            return self.loss(y_true, y_pred, sample_weight)
        known, labels, answered, answers = _unpacked(ops.cast(y_true, y_pred.dtype), y_pred)
        own = self.loss(labels, y_pred, known)
        apart = DIVERGENCES[self.kind](answers / self.scale, y_pred / self.scale, self.temperature)
        taught = ops.sum(answered * apart) / ops.maximum(ops.sum(answered), 1.0)
        # As Keras has divided the own one.
        return (1.0 - self.share) * own + self.share * taught / replicas()

    def get_config(self):
        own = {name: getattr(self, name) for name in ("kind", "share", "temperature", "scale")}
        inner = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), **own, "loss": inner}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable("mmkeras")
class OfLabels(keras.metrics.Metric):
    """A metric of the labels alone, under its own name: what a teacher says is no truth.

    Of two rows in one, the label of the one that is at least half of it.
    """

    def __init__(self, metric, **kwargs):
        super().__init__(**{"name": metric.name, **kwargs})
        self.metric = metric

    def update_state(self, y_true, y_pred, sample_weight=None):
        if is_mixed(y_true):
            weight, y_true = one_of(y_true, 0)
            sample_weight = ops.cast(weight > 0, weight.dtype)
        elif _is_packed(y_true, y_pred):
            sample_weight, y_true, *_ = _unpacked(y_true, y_pred)
        return self.metric.update_state(y_true, y_pred, sample_weight)

    def result(self):
        return self.metric.result()

    def reset_state(self):
        self.metric.reset_state()

    def get_config(self):
        return {
            **super().get_config(),
            "metric": keras.saving.serialize_keras_object(self.metric),
        }

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "metric": keras.saving.deserialize_keras_object(config["metric"])})


def _is_packed(y_true, y_pred) -> bool:
    """Labels alone are at most as wide as the answer."""
    return len(y_true.shape) == 2 and y_true.shape[-1] > y_pred.shape[-1]


def _unpacked(y_true, y_pred):
    """known (B,), labels (B, l), answered (B,), answers (B, v)."""
    labels = y_true.shape[-1] - y_pred.shape[-1] - 2
    first, then = y_true[:, : 1 + labels], y_true[:, 1 + labels :]
    return first[:, 0], first[:, 1:], then[:, 0], then[:, 1:]
