"""One of several classes."""

import keras
from keras import layers

from mmkeras.heads.head import Head
from mmkeras.tasks import Classify


@keras.saving.register_keras_serializable("mmkeras")
class Probabilities(layers.Softmax):
    """softmax(logits): (..., C) -> (..., C). Float on the device too: int8 has only 256 levels."""

    keep_float = True


def _units(task: Classify) -> int:
    return len(task.spec.labels)


def _read(task: Classify, name: str) -> layers.Layer:
    return Probabilities(name=name, dtype="float32")


def _loss(task: Classify) -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy()


def _metrics(task: Classify) -> list[keras.metrics.Metric]:
    return [keras.metrics.SparseCategoricalAccuracy("accuracy")]


CLASSIFY = Head(_units, _read, _loss, _metrics)
