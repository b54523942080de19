"""One of several classes."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from mmkeras.heads.head import Head
from mmkeras.heads.measures import Measure, accuracy, balanced_accuracy, macro_f1, most_probable
from mmkeras.heads.shaped import PLAIN, SHAPES, ClassLoss, Shape
from mmkeras.tasks import Classify
from mmkeras_edge.outputs import ClassifySpec


@keras.saving.register_keras_serializable("mmkeras")
class Probabilities(layers.Softmax):
    """softmax(logits): (..., C) -> (..., C). Float on the device too: int8 has only 256 levels."""

    keep_float = True


def _units(task: Classify) -> int:
    return len(task.spec.labels)


def _read(task: Classify, name: str, output: str | None = None) -> layers.Layer:
    return Probabilities(name=name, dtype="float32")


def _loss(task: Classify, scale: float = 1.0, shape: Shape = PLAIN) -> keras.losses.Loss:
    if shape != PLAIN:
        return ClassLoss(shape)
    return keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")


def _metrics(task: Classify) -> list[keras.metrics.Metric]:
    return [keras.metrics.SparseCategoricalAccuracy("accuracy")]


def most_frequent(spec: ClassifySpec, truth: np.ndarray) -> np.ndarray:
    """All probability on the most frequent class: (labels,)."""
    return np.eye(len(spec.labels))[np.bincount(truth).argmax()]


CLASSIFY = Head(
    _units,
    _read,
    _loss,
    _metrics,
    measures=(
        Measure("accuracy", accuracy),
        Measure("balanced_accuracy", balanced_accuracy),
        Measure("f1", macro_f1),
    ),
    constant=most_frequent,
    said=most_probable,
    logits=True,
    shapes=SHAPES,
)
