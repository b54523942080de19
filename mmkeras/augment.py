"""Variations of a batch, in training only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmkeras_edge.specs import PAD_ID

SHIFT_SHARE = 0.1  # of a side, or of a clip
GAIN_DB = 6.0
TOKEN_DROP = 0.1


def vary_images(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mirrored half of the time and shifted by up to a tenth of a side: uint8 (B, H, W, 3).

    What a shift uncovers repeats the border.
    """
    mirror = random.random(len(images)) < 0.5
    varied = np.where(mirror[:, None, None, None], images[:, :, ::-1], images)
    height, width = images.shape[1:3]
    for i, (down, right) in enumerate(random.uniform(-SHIFT_SHARE, SHIFT_SHARE, (len(images), 2))):
        rows = np.clip(np.arange(height) - round(down * height), 0, height - 1)
        columns = np.clip(np.arange(width) - round(right * width), 0, width - 1)
        varied[i] = varied[i][rows][:, columns]
    return varied


def vary_texts(ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One token in ten becomes padding, never all of a text: int32 (B, T)."""
    kept = np.where(random.random(ids.shape) < TOKEN_DROP, PAD_ID, ids)
    return np.where((kept == PAD_ID).all(axis=1, keepdims=True), ids, kept)


def vary_sounds(waveforms: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Later by up to a tenth of the clip, and louder or softer by up to 6 dB: float32 (B, S)."""
    count, samples = waveforms.shape
    gain = 10 ** (random.uniform(-GAIN_DB, GAIN_DB, (count, 1)) / 20)
    varied = np.zeros_like(waveforms)
    delays = random.integers(0, max(int(samples * SHIFT_SHARE), 1), size=(count,))
    for i, late in enumerate(delays.tolist()):
        varied[i, late:] = waveforms[i, : samples - late]
    return varied * gain.astype(np.float32)


AUGMENT: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {  # by kind
    "image": vary_images,
    "text": vary_texts,
    "audio": vary_sounds,
}
