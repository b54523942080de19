"""No or yes, once or for each of several labels."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from mmkeras.heads.head import Head
from mmkeras.heads.measures import (
    Measure,
    auc,
    balanced_right,
    exact,
    label_f1,
    micro_f1,
    reached,
    right,
)
from mmkeras.heads.shaped import PLAIN, SHAPES, Shape, YesNoLoss
from mmkeras.tasks import Binary, MultiLabel
from mmkeras_edge.outputs import BinarySpec, MultiLabelSpec


@keras.saving.register_keras_serializable("mmkeras")
class Chances(layers.Layer):
    """1 / (1 + exp(-logits)), each for itself: (..., L) -> (..., L). Float on the device too."""

    keep_float = True

    def call(self, logits):
        return ops.sigmoid(logits)


@keras.saving.register_keras_serializable("mmkeras")
def share_right(y_true, y_pred, thresholds):
    """Share of labels on the right side of their thresholds, (B, L), (B, L) -> (B,)."""
    said = ops.cast(y_pred >= ops.convert_to_tensor(thresholds, y_pred.dtype), y_pred.dtype)
    return ops.mean(ops.cast(ops.equal(said, ops.cast(y_true, said.dtype)), said.dtype), axis=-1)


def _read(task: Binary | MultiLabel, name: str, output: str | None = None) -> layers.Layer:
    return Chances(name=name, dtype="float32")


def _loss(task: Binary | MultiLabel, scale: float = 1.0, shape: Shape = PLAIN) -> keras.losses.Loss:
    if shape != PLAIN:
        return YesNoLoss(shape)
    return keras.losses.BinaryCrossentropy(reduction="mean_with_sample_weight")


def _metrics(task: Binary | MultiLabel) -> list[keras.metrics.Metric]:
    spec = task.spec
    thresholds = [spec.threshold] if isinstance(spec, BinarySpec) else list(spec.thresholds)
    return [keras.metrics.MeanMetricWrapper(share_right, "accuracy", thresholds=thresholds)]


def _more_frequent(spec: BinarySpec, truth: np.ndarray) -> np.ndarray:
    return np.array([float(truth.mean() >= 0.5)])


def _best_set(spec: MultiLabelSpec, truth: np.ndarray) -> np.ndarray:
    """The most frequent labels, as many as give the best F1 when they are always said."""
    order = np.argsort(-truth.sum(axis=0), kind="stable")
    hits, occur = truth.sum(axis=0)[order].cumsum(), max(float(truth.sum()), 1.0)
    said = len(truth) * np.arange(1, len(order) + 1)
    always = np.zeros(len(order))
    always[order[: int(np.argmax(2 * hits / (said + occur))) + 1]] = 1.0
    return always


BINARY = Head(
    lambda task: 1,
    _read,
    _loss,
    _metrics,
    measures=(
        Measure("accuracy", right),
        Measure("balanced_accuracy", balanced_right),
        Measure("f1", micro_f1),
        Measure("auc", auc),
    ),
    constant=_more_frequent,
    said=reached,
    logits=True,
    shapes=SHAPES,
)

MULTILABEL = Head(
    lambda task: len(task.spec.labels),
    _read,
    _loss,
    _metrics,
    measures=(
        Measure("f1", micro_f1),
        Measure("macro_f1", label_f1),
        Measure("exact", exact),
    ),
    constant=_best_set,
    said=reached,
    logits=True,
    shapes=SHAPES,
)
