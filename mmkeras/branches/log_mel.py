"""The audio front end: a waveform to log-mel bands, inside the graph and always in float."""

import keras
import numpy as np
import numpy.typing as npt
from keras import layers, ops

from mmkeras.branches.folded_power import folded_cosines, folded_power
from mmkeras_edge.specs import AudioSpec

FLOOR = 1e-6  # added to a band's power before the logarithm: about the noise of a 16-bit file


@keras.saving.register_keras_serializable("mmkeras")
class LogMel(layers.Layer):
    """log(mel · |DFT(window · frame)|²) for each frame, less its mean over the clip.

    float32 (B, samples) -> (B, frames, mels, 1). A window is a whole number of hops, so framing
    is a reshape and a concatenation. The mean is subtracted so that loudness does not matter. Mel
    filters: triangles on O'Shaughnessy's scale (see `hz_to_mel`), Davis and Mermelstein, IEEE
    ASSP 1980. The spectrum is two small matrix products: see `folded_power`.
    """

    keep_float = True  # int8 loses 0.04 to 0.18 in log-mel

    def __init__(self, rate_hz, hop_samples, window_hops, mels, **kwargs):
        super().__init__(**kwargs)
        self.rate_hz = rate_hz
        self.hop_samples = hop_samples
        self.window_hops = window_hops
        self.mels = mels

    @classmethod
    def of(cls, spec: AudioSpec, **kwargs):
        return cls(spec.rate_hz, spec.hop_samples, spec.window_hops, spec.mels, **kwargs)

    def build(self, shape):
        window = self.hop_samples * self.window_hops
        self._window = hann(window)
        self._cosines = folded_cosines(window)
        mel = mel_filters(self.rate_hz, window, self.mels)
        self._mel_even, self._mel_odd = mel[2:-1:2], mel[1::2]  # without 0 Hz and half the rate
        products = (*self._cosines, *self._cosines, self._mel_even, self._mel_odd)
        frames = shape[1] // self.hop_samples
        self.multiply_adds = frames * sum(matrix.size for matrix in products)  # of one sample

    def call(self, samples):
        frames = samples.shape[1] // self.hop_samples
        missing = self.hop_samples * (self.window_hops - 1)  # of the last windows
        hops = ops.pad(samples, ((0, 0), (0, missing)))
        hops = ops.reshape(hops, (-1, frames + self.window_hops - 1, self.hop_samples))
        framed = ops.concatenate(
            [hops[:, i : i + frames] for i in range(self.window_hops)], axis=-1
        )  # (B, frames, window)
        even, odd = folded_power(framed * self._window, *self._cosines)
        mel = ops.matmul(even, self._mel_even) + ops.matmul(odd, self._mel_odd)
        log_mel = ops.log(mel + FLOOR)  # (B, frames, mels)
        log_mel = log_mel - ops.mean(log_mel, axis=(1, 2), keepdims=True)
        return ops.expand_dims(log_mel * 0.25, -1)  # speech then spans about -2 to 2

    def get_config(self):
        return {
            **super().get_config(),
            "rate_hz": self.rate_hz,
            "hop_samples": self.hop_samples,
            "window_hops": self.window_hops,
            "mels": self.mels,
        }


def hz_to_mel(hz: npt.ArrayLike) -> np.ndarray:
    """Frequency in hertz to the mel scale, 2595 log10(1 + hz / 700).

    Any shape; 1000 Hz is 999.99 mel. O'Shaughnessy, Speech Communication, 1987, p. 150.
    """
    return 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)


def hann(window: int) -> np.ndarray:
    """Hann window that sums to 1, float32 (window,): a full sine has power 0.25.

    Taken at half samples, so that it is its own mirror image.
    """
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(window) + 0.5) / window)
    return (weights / weights.sum()).astype(np.float32)


def mel_filters(rate_hz: int, points: int, mels: int) -> np.ndarray:
    """Triangles over the bins of a DFT of so many points: float32 (bins, mels).

    Their corners are equally spaced in mel from 20 Hz to half the rate. A triangle narrower than
    a bin takes the bin nearest to its centre, so that no band is empty.
    """
    bins_hz = np.arange(points // 2 + 1) * rate_hz / points
    corners = np.linspace(hz_to_mel(20.0), hz_to_mel(rate_hz / 2), mels + 2)
    bins_mel = hz_to_mel(bins_hz)[:, None]  # (bins, 1)
    low, centre, high = corners[:-2], corners[1:-1], corners[2:]
    rising = (bins_mel - low) / (centre - low)
    falling = (high - bins_mel) / (high - centre)
    filters = np.maximum(0.0, np.minimum(rising, falling))  # (bins, mels)
    nearest = np.abs(bins_mel - centre).argmin(axis=0)
    empty = filters.sum(axis=0) == 0
    filters[nearest[empty], np.flatnonzero(empty)] = 1.0
    return filters.astype(np.float32)
