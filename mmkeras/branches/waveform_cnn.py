"""Convolutions over raw samples, which learn the filters that log-mel prescribes."""

import keras
from keras import KerasTensor, layers, ops

FILTER_MS, STRIDE_MS = 10, 0.5  # of the first layer: 80 and 4 samples at 8 kHz


@keras.saving.register_keras_serializable("mmkeras")
class Levelled(layers.Layer):
    """Samples at the same loudness: x / √(mean x² + 10⁻⁸), (B, samples) -> (B, samples, 1)."""

    keep_float = True  # quiet and loud clips lie far apart before it

    def call(self, samples):
        power = ops.mean(ops.square(samples), axis=1, keepdims=True)
        return ops.expand_dims(samples * ops.rsqrt(power + 1e-8), -1)  # 1e-8: silence stays so


def waveform_cnn(
    name: str, samples: KerasTensor, rate_hz: int, units: int = 256, depth: int = 4
) -> KerasTensor:
    """`depth` convolutions, each quartered by max pooling: (B, samples) -> (B, T, units).

    M5 of Dai et al., "Very deep convolutional neural networks for raw waveforms", ICASSP 2017:
    the first filters are 10 ms long, the others see 3 steps; the width doubles from the third on.
    Without batch normalisation, which got stuck on few samples.
    """
    x = Levelled(name=f"{name}_levelled")(samples)
    for i in range(depth):
        x = layers.Conv1D(
            max(1, units >> (depth - 1 - max(i, 1))),
            3 if i else max(1, rate_hz * FILTER_MS // 1_000),
            strides=1 if i else max(1, int(rate_hz * STRIDE_MS / 1_000)),
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_conv{i}",
        )(x)
        x = layers.MaxPooling1D(4, padding="same", name=f"{name}_quarter{i}")(x)
    return x
