"""A window of readings: standardised in the graph, then an encoder over its steps."""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import KerasTensor, layers

from mmkeras.branches.branch import Branch
from mmkeras.branches.standardise import Standardise
from mmkeras.branches.temporal import recurrent, tcn, transformer
from mmkeras.modalities import Sensor
from mmkeras_edge.inputs import pick


class Encoder(NamedTuple):
    """`build(name, steps (B, T, C), units, layers)` gives (B, T', units). The vector of a window is
    the last of them where it `ends` there, as a recurrent layer does, else their mean."""

    build: Callable[..., KerasTensor]
    layers: int | None  # by default; None: as many as the window takes
    ends: bool = False


@keras.saving.register_keras_serializable("mmkeras")
class LastStep(layers.Layer):
    """The last of the steps: (B, T, D) -> (B, D)."""

    def call(self, steps):
        return steps[:, -1]


def cnn(name: str, steps: KerasTensor, units: int, depth: int) -> KerasTensor:
    """`depth` convolutions over 5 steps, each halved by max pooling: (B, T, C) -> (B, T', D)."""
    x = steps
    for i in range(depth):
        x = layers.Conv1D(
            units,
            5,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_conv{i}",
        )(x)
        x = layers.MaxPooling1D(2, padding="same", name=f"{name}_half{i}")(x)
    return x


def lstm(name: str, steps: KerasTensor, units: int, depth: int) -> KerasTensor:
    return recurrent(name, steps, units, depth, "lstm")


def gru(name: str, steps: KerasTensor, units: int, depth: int) -> KerasTensor:
    return recurrent(name, steps, units, depth, "gru")


ENCODERS: dict[str, Encoder] = {  # name in a recipe -> encoder
    "cnn": Encoder(cnn, layers=3),
    "tcn": Encoder(tcn, layers=None),
    "lstm": Encoder(lstm, layers=1, ends=True),
    "gru": Encoder(gru, layers=1, ends=True),
    "transformer": Encoder(transformer, layers=2),
}
UNITS = 64


def sensor_branch(name: str, source: Sensor) -> Branch:
    """float32 (B, T, channels) in any units -> pooled (B, D) and one token a step of time."""
    encoder = pick(ENCODERS, source.branch, "sensor branch")
    readings = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    steps = Standardise(name, name=f"{name}_standardised")(readings)
    start = keras.Input(source.spec.shape)
    made = encoder.build("steps", start, source.units or UNITS, source.layers or encoder.layers)
    tower = keras.Model(start, made, name=f"{name}_{source.branch}")
    tower.trainable = source.trainable
    tokens = tower(steps)
    pool = LastStep if encoder.ends else layers.GlobalAveragePooling1D
    return Branch(readings, pool(name=f"{name}_pool")(tokens), tokens)
