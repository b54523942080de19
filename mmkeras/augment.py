"""Variations of a batch, in training only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmkeras_edge.specs import PAD_ID

SHIFT_SHARE = 0.1  # of a side, or of a clip
GAIN_DB = 6.0
TOKEN_DROP = 0.1
SCALE_SHARE = 0.1  # of how far readings are from the mean of their window
JITTER_SHARE = 0.05  # of how much a channel varies


def vary_images(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mirrored half of the time and shifted by up to a tenth of a side: uint8 (B, H, W, 3).

    What a shift uncovers repeats the border. Views of one thing and frames of a film, uint8
    (B, V, H, W, 3), are all mirrored and shifted alike.
    """
    varied = images.copy()
    mirror = random.random(len(images)) < 0.5
    varied[mirror] = varied[mirror][..., ::-1, :]
    height, width = images.shape[-3:-1]
    for i, (down, right) in enumerate(random.uniform(-SHIFT_SHARE, SHIFT_SHARE, (len(images), 2))):
        rows = np.clip(np.arange(height) - round(down * height), 0, height - 1)
        columns = np.clip(np.arange(width) - round(right * width), 0, width - 1)
        varied[i] = varied[i][..., rows, :, :][..., columns, :]
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


def vary_readings(windows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A little noise, and wider or narrower by up to a tenth: float32 (B, T, C).

    Both about the mean of each channel in its window, as a share of how much that channel varies in
    the batch: units differ by orders of magnitude, and gravity stays. Jittering and scaling of Um
    et al., "Data augmentation of wearable sensor data", ICMI 2017.
    """
    mean = windows.mean(axis=1, keepdims=True)
    varies = (windows - mean).std(axis=(0, 1))  # (C,)
    scale = random.uniform(1 - SCALE_SHARE, 1 + SCALE_SHARE, (len(windows), 1, 1))
    noise = JITTER_SHARE * varies * random.normal(size=windows.shape)
    return (mean + (windows - mean) * scale + noise).astype(np.float32)


def vary_nothing(records: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A table stays as it is: nobody knows how far another number is another thing."""
    return records


AUGMENT: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {  # by kind
    "image": vary_images,
    "text": vary_texts,
    "audio": vary_sounds,
    "sensor": vary_readings,
    "table": vary_nothing,
    "video": vary_images,
}
