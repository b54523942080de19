"""Cepstral coefficients: what a voice says, with less of who says it."""

import keras
import numpy as np
from keras import layers, ops

COEFFICIENTS = 20  # Davis and Mermelstein took 10 at 10 kHz; 13 to 20 are customary


@keras.saving.register_keras_serializable("mmkeras")
class Mfcc(layers.Layer):
    """The first coefficients of the orthonormal DCT-II over the bands of a log-mel.

    c_n = √(2 / M) Σ_m x_m cos(πn(m + ½) / M), c_0 smaller by √2: (B, frames, M, 1) ->
    (B, frames, coefficients, 1), of which there are at most M. Davis and Mermelstein, IEEE ASSP
    1980, eq. 1.
    """

    keep_float = True  # the last coefficients are small beside the first

    def __init__(self, coefficients=COEFFICIENTS, **kwargs):
        super().__init__(**kwargs)
        self.coefficients = coefficients

    def build(self, shape):
        self._matrix = dct(shape[2])[:, : self.coefficients]
        self.multiply_adds = shape[1] * self._matrix.size  # of one sample

    def call(self, log_mel):
        return ops.expand_dims(ops.matmul(ops.squeeze(log_mel, -1), self._matrix), -1)

    def get_config(self):
        return {**super().get_config(), "coefficients": self.coefficients}


def dct(points: int) -> np.ndarray:
    """The orthonormal DCT-II, float32 (points, points): the columns are its waves."""
    waves = np.arange(points)
    matrix = np.cos(np.pi * (waves[:, None] + 0.5) * waves / points) * np.sqrt(2 / points)
    matrix[:, 0] *= np.sqrt(0.5)
    return matrix.astype(np.float32)
