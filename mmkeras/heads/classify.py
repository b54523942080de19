"""One of several classes."""

import keras
from keras import layers

from mmkeras.recipe import Classify


@keras.saving.register_keras_serializable("mmkeras")
class Probabilities(layers.Softmax):
    """softmax(logits): (B, C) -> (B, C). Float on the device too: int8 has only 256 levels."""

    keep_float = True


def classify(name: str, output: Classify, fused: keras.KerasTensor) -> keras.KerasTensor:
    """(B, D) -> one probability a label, (B, C), float32."""
    logits = layers.Dense(len(output.spec.labels), name=f"{name}_logits")(fused)
    return Probabilities(name=name, dtype="float32")(logits)
