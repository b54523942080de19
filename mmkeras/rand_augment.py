"""RandAugment: a few operations of a list, chosen at random, on each picture.

Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space",
CVPR workshops 2020: two of fourteen operations, all of one magnitude.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

OPERATIONS = 2  # on each picture
MAGNITUDE = 0.5  # of the largest, 1; the paper takes 9 of 30 to 15 of 30
LARGEST_SHEAR = 0.3
LARGEST_SHIFT = 0.3  # of a side
LARGEST_TURN = 30.0  # degrees
LARGEST_FACTOR = 0.9  # by which colour, contrast and the like are more or less

Operation = Callable[["Image", float], "Image"]  # magnitude -1 to 1


def rand_augment(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """uint8 (B, ..., H, W, 3); views of one thing and frames of a film all alike."""
    from PIL import Image

    varied = images.copy()
    names = list(TABLE)
    flat = varied.reshape(len(images), -1, *images.shape[-3:])
    for row in flat:
        chosen = random.choice(len(names), OPERATIONS)
        signs = random.choice((-1, 1), OPERATIONS)
        for frame in range(len(row)):
            picture = Image.fromarray(row[frame])
            for operation, sign in zip(chosen, signs, strict=True):
                picture = TABLE[names[operation]](picture, float(sign) * MAGNITUDE)
            row[frame] = np.asarray(picture)
    return varied


def _affine(picture: Image, matrix: tuple[float, ...]) -> Image:
    from PIL import Image

    grey = (128, 128, 128)
    return picture.transform(
        picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=grey
    )


def _enhanced(name: str) -> Operation:
    def enhance(picture: Image, magnitude: float) -> Image:
        from PIL import ImageEnhance

        return getattr(ImageEnhance, name)(picture).enhance(1 + magnitude * LARGEST_FACTOR)

    return enhance


def _of_levels(name: str, *arguments: str) -> Operation:
    def change(picture: Image, magnitude: float) -> Image:
        from PIL import ImageOps

        strength = abs(magnitude)
        amount = {"bits": round(8 - 4 * strength), "threshold": round(256 * (1 - strength))}
        return getattr(ImageOps, name)(picture, *(amount[argument] for argument in arguments))

    return change


def _turned(picture: Image, magnitude: float) -> Image:
    from PIL import Image

    angle = magnitude * LARGEST_TURN
    return picture.rotate(angle, Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))


def _shift(magnitude: float, side: int) -> float:
    return magnitude * LARGEST_SHIFT * side


TABLE: dict[str, Operation] = {
    "identity": lambda picture, _: picture,
    "auto_contrast": _of_levels("autocontrast"),
    "equalize": _of_levels("equalize"),
    "rotate": _turned,
    "solarize": _of_levels("solarize", "threshold"),
    "colour": _enhanced("Color"),
    "posterize": _of_levels("posterize", "bits"),
    "contrast": _enhanced("Contrast"),
    "brightness": _enhanced("Brightness"),
    "sharpness": _enhanced("Sharpness"),
    "shear_x": lambda p, m: _affine(p, (1, m * LARGEST_SHEAR, 0, 0, 1, 0)),
    "shear_y": lambda p, m: _affine(p, (1, 0, 0, m * LARGEST_SHEAR, 1, 0)),
    "shift_x": lambda p, m: _affine(p, (1, 0, _shift(m, p.width), 0, 1, 0)),
    "shift_y": lambda p, m: _affine(p, (1, 0, 0, 0, 1, _shift(m, p.height))),
}
