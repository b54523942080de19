"""Disturbed readings, float32 (N, T, C), and records, float32 (N, fields)."""

from __future__ import annotations

from typing import Any

import numpy as np


def _deviations(values: np.ndarray) -> np.ndarray:
    """How much each channel varies about the mean of its window: (C,)."""
    return np.nanstd(values - np.nanmean(values, axis=1, keepdims=True), axis=(0, 1))


def jitter(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """Normal noise in each reading, of `level` times how much the channel varies."""
    noise = random.standard_normal(values.shape, np.float32)
    return (values + level * _deviations(values) * noise).astype(np.float32)


def drift(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """Up or down along the window, each channel by `level` times how much it varies."""
    count, steps, channels = values.shape
    ramp = np.linspace(0, 1, steps)[None, :, None]
    sides = random.choice([-1.0, 1.0], (count, 1, channels))
    return (values + level * _deviations(values) * ramp * sides).astype(np.float32)


def hold(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """`level` percent of the steps are lost; the last reading is held, as drivers do."""
    count, steps, _ = values.shape
    kept = random.random((count, steps)) >= level / 100
    kept[:, 0] = True
    last = np.maximum.accumulate(np.where(kept, np.arange(steps), 0), axis=1)
    return np.take_along_axis(values, last[:, :, None], axis=1)


def lose(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """`level` percent of the fields are not known: numbers NaN, categories 0."""
    lost = random.random(values.shape) < level / 100
    numbers = np.arange(values.shape[1]) < len(spec.numbers)
    unknown = np.where(numbers, np.nan, 0.0)
    return np.where(lost, unknown, values).astype(np.float32)
