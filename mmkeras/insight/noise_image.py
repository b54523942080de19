"""Disturbed pictures: uint8 (..., H, W, 3); of several views and of films each by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

GREY = 128


def _each(values: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    pictures = values.reshape(-1, *values.shape[-3:])
    return np.stack([change(picture) for picture in pictures]).reshape(values.shape)


def blur(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """By a Gaussian whose deviation is `level` percent of the shorter side."""
    from PIL import Image, ImageFilter

    radius = ImageFilter.GaussianBlur(level / 100 * min(values.shape[-3:-1]))
    return _each(values, lambda p: np.asarray(Image.fromarray(p).filter(radius)))


def noise(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """Of a sensor: normal, of `level` grey levels, in each pixel and colour."""
    noisy = values + level * random.standard_normal(values.shape, np.float32)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


def jpeg(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """Stored as JPEG of a quality, and opened again."""
    from PIL import Image

    def stored(picture: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=int(level))
        return np.asarray(Image.open(file))

    return _each(values, stored)


def darken(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """With `level` percent of the light."""
    return np.round(values * (level / 100)).astype(np.uint8)


def occlude(values: np.ndarray, level: float, random: np.random.Generator, spec: Any) -> np.ndarray:
    """Behind a grey rectangle of `level` percent of the area, anywhere."""
    height, width = (max(round(side * (level / 100) ** 0.5), 1) for side in values.shape[-3:-1])

    def hidden(picture: np.ndarray) -> np.ndarray:
        picture = picture.copy()
        top = random.integers(0, picture.shape[0] - height + 1)
        left = random.integers(0, picture.shape[1] - width + 1)
        picture[top : top + height, left : left + width] = GREY
        return picture

    return _each(values, hidden)
