"""The power spectrum of frames as matrix products, an eighth of the DFT's matrix in size.

The device's FFT runs in double precision on one thread and cuts the graph in two. A product with
the whole DFT matrix is as slow as that FFT, and larger than many a model. Two symmetries make it
a quarter of the work, and a third leaves one matrix for sine and cosine.
"""

from __future__ import annotations

import numpy as np
from keras import KerasTensor, ops


def folded_cosines(window: int) -> tuple[np.ndarray, np.ndarray]:
    """cos(2πk(j + ½) / N) for N = window and j < N/4, float32: even k, (N/4, N/4 - 1), from 2 to
    N/2 - 2, and odd k, (N/4, N/4), from 1 to N/2 - 1. ValueError if N is no multiple of 4."""
    if window % 4:
        raise ValueError(f"a window is a multiple of 4 samples. Received: {window}")
    j = np.arange(window // 4)[:, None] + 0.5
    k = np.arange(1, window // 2)
    cosines = np.cos(2 * np.pi * k * j / window)
    return cosines[:, 1::2].astype(np.float32), cosines[:, ::2].astype(np.float32)


def folded_power(
    frames: KerasTensor, even: np.ndarray, odd: np.ndarray
) -> tuple[KerasTensor, KerasTensor]:
    """|DFT|² of frames (B, F, N) at even and at odd bins: (B, F, N/4 - 1) and (B, F, N/4).

    A power spectrum does not care where time begins. From the middle of a frame on, the cosine of
    bin k is even and the sine odd, so sums and differences of mirrored samples, N/2 of them, are
    enough. About a quarter of the frame both are even or odd again, after k: N/4 are. And
    sin(2πk(j + ½) / N) is (-1)^j cos(2π(N/2 - k)(j + ½) / N): the cosines with other signs, in
    the reverse order of bins. `even` and `odd` come from `folded_cosines`; without bins 0 and N/2.
    """
    first, second, third, fourth = ops.split(frames, 4, axis=-1)  # (B, F, N/4) each
    second, fourth = ops.flip(second, -1), ops.flip(fourth, -1)
    near, far = third + second, fourth + first  # of the middle
    signs = np.where(np.arange(even.shape[0]) % 2, -1, 1).astype(np.float32)
    # Here and not after their sum: the converter would make a second matrix of it.
    near_sine, far_sine = (third - second) * signs, (fourth - first) * signs
    return (
        _power(near + far, near_sine - far_sine, even),
        _power(near - far, near_sine + far_sine, odd),
    )


def _power(cosine: KerasTensor, sine: KerasTensor, matrix: np.ndarray) -> KerasTensor:
    shared = ops.convert_to_tensor(matrix)
    reversed_bins = ops.square(ops.matmul(sine, shared))
    return ops.square(ops.matmul(cosine, shared)) + ops.flip(reversed_bins, -1)
