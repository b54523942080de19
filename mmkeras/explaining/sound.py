"""What mattered in a sound, to be heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmkeras.branches.log_mel import mel_filters
from mmkeras.explaining.board import level, smooth
from mmkeras.explaining.marks import Mark
from mmkeras_edge.specs import AudioSpec

if TYPE_CHECKING:
    from mmkeras.explaining.explanation import Explanation

BLUR = 1.0  # frames and bands: a filter that jumps from cell to cell rings


def write_sounds(explanation: Explanation, folder: Path) -> list[Path]:
    """NAME-mattered.wav of each sound, complete or not at all."""
    import soundfile

    written = []
    for mark in explanation.marks:
        if mark.kind != "audio":
            continue
        spec = explanation.specs[mark.name]
        samples = mattered(mark, explanation.sample.feed[mark.name][0], spec)
        path = folder / f"{mark.name}-mattered.wav"
        partial = path.with_name(f".{path.name}.part")
        with open(partial, "wb") as file:
            soundfile.write(file, samples, spec.rate_hz, format="WAV", subtype="PCM_16")
        partial.replace(path)
        written.append(path)
    return written


def mattered(mark: Mark, samples: np.ndarray, spec: AudioSpec) -> np.ndarray:
    """The sound with each moment and pitch as loud as it speaks for the answer: (samples,).

    A share from 0 to 1 for each cell of the spectrogram, of its positive part, is spread over the
    bins of each window's spectrum by the bands' own triangles.
    """
    positive = np.maximum(smooth(mark.values, BLUR), 0.0)
    gains = np.clip(positive / level(positive), 0.0, 1.0)  # (frames, bands)
    window = spec.hop_samples * 2
    if gains.shape[1] == 1:  # moments alone
        by_bin = np.repeat(gains, window // 2 + 1, axis=1)
    else:
        filters = mel_filters(spec.rate_hz, window, spec.mels).astype(np.float64)  # (bins, mels)
        by_bin = gains @ (filters / np.maximum(filters.sum(axis=1, keepdims=True), 1e-9)).T
    return filtered(samples, by_bin, spec.hop_samples)


def filtered(samples: np.ndarray, gains: np.ndarray, hop: int) -> np.ndarray:
    """Windows of two hops under gains (frames, bins), added up again; with gains of 1 the same.

    The window is a sine before and after, whose squares add up to 1 at every sample.
    """
    window = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop))
    frames = len(gains)
    padded = np.concatenate([np.zeros(hop), samples, np.zeros(2 * hop)])
    found = np.zeros_like(padded)
    # One more window before the first: every sample lies in two.
    for i in range(-1, frames):
        at = slice((i + 1) * hop, (i + 3) * hop)
        spectrum = np.fft.rfft(window * padded[at]) * gains[max(i, 0)]
        found[at] += window * np.fft.irfft(spectrum, 2 * hop)
    return found[hop : hop + len(samples)]
