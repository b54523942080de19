"""Variations of pictures, views and films: uint8 (B, ..., H, W, 3); all of a row vary alike."""

from __future__ import annotations

import numpy as np

SMALLEST_CROP = 0.6  # of the area
COLOUR = 0.3  # by which brightness, contrast and saturation are more or less
NOISE = 25.0  # of 255: the largest deviation; a camera in the dark has 10 to 20
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def flip(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mirrored half of the time."""
    varied = images.copy()
    mirror = random.random(len(images)) < 0.5
    varied[mirror] = varied[mirror][..., ::-1, :]
    return varied


def crop(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A part of 0.6 to 1 of the area, of the picture's shape, brought back to size."""
    from PIL import Image

    height, width = images.shape[-3:-1]
    varied = images.copy()
    flat = varied.reshape(len(images), -1, height, width, 3)
    sides = np.sqrt(random.uniform(SMALLEST_CROP, 1, len(images)))
    for row, side, top, left in zip(flat, sides, *random.random((2, len(images))), strict=True):
        y, x = top * (1 - side) * height, left * (1 - side) * width
        box = (x, y, x + side * width, y + side * height)
        for frame in range(len(row)):
            picture = Image.fromarray(row[frame])
            row[frame] = picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return varied


def colour(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Brighter or darker, more or less contrast and colour, each by up to 0.3."""
    shape = (3, len(images), *[1] * (images.ndim - 1))
    brightness, contrast, saturation = random.uniform(1 - COLOUR, 1 + COLOUR, shape).astype("f4")
    pixels = images.astype(np.float32) * brightness
    grey = (pixels @ GREY)[..., None]
    pixels = grey + (pixels - grey) * saturation
    mean = grey.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    return _pixels(mean + (pixels - mean) * contrast)


def noise(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Normal noise of a deviation between 0 and 25 of 255."""
    strength = random.uniform(0, NOISE, (len(images), *[1] * (images.ndim - 1))).astype("f4")
    normal = random.standard_normal(images.shape, np.float32)
    return _pixels(images + strength * normal)


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)
