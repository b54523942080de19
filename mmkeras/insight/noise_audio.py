"""Disturbed sounds: float32 (N, samples) in -1 to 1. Silence stays silent."""

from __future__ import annotations

from typing import Any

import numpy as np


def noise(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """White noise, so that the sound is `level` decibels above it."""
    power = (values.astype(np.float64) ** 2).mean(axis=1, keepdims=True)
    deviation = np.sqrt(power / 10 ** (level / 10)).astype(np.float32)
    return values + deviation * random.standard_normal(values.shape, np.float32)


def reverberate(
    values: np.ndarray, level: float, random: np.random.Generator, spec: Any
) -> np.ndarray:
    """In a room whose echo needs `level` seconds to fall by 60 dB, as loud as before.

    The echo is noise that decays, of the energy of the direct sound. Polack's model, 1988.
    """
    count = values.shape[1]
    times_s = np.arange(count) / spec.rate_hz
    echo = random.standard_normal(count) * 10 ** (-3 * times_s / level)
    echo /= np.sqrt((echo**2).sum())
    echo[0] += 1.0  # the direct sound
    size = 2 * count
    mixed = np.fft.irfft(np.fft.rfft(values, size) * np.fft.rfft(echo, size), size)[:, :count]
    return _as_loud(mixed, values)


def clip(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """By a microphone that is driven too far: cut at `level` percent of the peak, and as loud as
    before."""
    peak = np.abs(values).max(axis=1, keepdims=True) * (level / 100)
    return _as_loud(np.clip(values, -peak, peak), values)


def _as_loud(values: np.ndarray, as_these: np.ndarray) -> np.ndarray:
    before, now = (np.sqrt((v.astype(np.float64) ** 2).mean(1)) for v in (as_these, values))
    gain = np.divide(before, now, out=np.ones_like(now), where=now > 0)
    return (values * gain[:, None]).astype(np.float32)
