"""What of an input can be taken away: patches, words, blocks of sound, stretches, fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras.explaining.marks import Mark
from mmkeras.explaining.scene import Scene
from mmkeras.explaining.seams import seams
from mmkeras.explaining.words import left_out

PATCHES = 8  # of a picture's side
FRAME_PATCHES = 4  # of a film's
MOMENTS, BANDS = 12, 8  # of a spectrogram
STRETCHES = 10  # of a sensor's window


@dataclass(frozen=True, eq=False)
class Units:
    """`of` says which unit each number of a mark belongs to, like its values; `without(taken)` what
    the graph is given without some of them, bool (units,): arrays by path, one row."""

    of: np.ndarray
    without: Callable[[np.ndarray], Mapping[str, np.ndarray]]

    @property
    def count(self) -> int:
        return int(self.of.max(initial=-1)) + 1

    def sums(self, values: np.ndarray) -> np.ndarray:
        """What a map like the mark's says of each unit, (units,)."""
        wide = np.broadcast_to(values, self.of.shape)
        return np.bincount(self.of.ravel(), wide.ravel(), minlength=self.count)


def units_of(scene: Scene, mark: Mark) -> Units:
    """The units of one mark. They are replaced by what the input is taken away to."""
    if mark.kind == "text":
        return _words(scene, mark)
    of = _blocks(mark)
    paths = seams(scene.model, scene.usual.run.recipe, scene.name)
    given, nothing = scene.values(paths), scene.values(paths, scene.taken_away())
    at = _at_seams(of, given, mark)

    def without(taken: np.ndarray) -> dict[str, np.ndarray]:
        return {p: np.where(taken[at[p]], nothing[p], given[p]) for p in paths}

    return Units(of, without)


def _words(scene: Scene, mark: Mark) -> Units:
    ids = scene.sample.feed[mark.name][0]
    seen = [word.tokens for word in mark.words if word.tokens]
    there = np.cumsum([bool(word.tokens) for word in mark.words])

    def without(taken: np.ndarray) -> dict[str, np.ndarray]:
        places = [
            place for gone, tokens in zip(taken, seen, strict=True) if gone for place in tokens
        ]
        return {mark.name: left_out(ids, tuple(places))[None]}

    # What the model does not read costs nothing to take away: it goes with the last word read.
    return Units(np.maximum(there - 1, 0).astype(np.int64), without)


def _blocks(mark: Mark) -> np.ndarray:
    """A number for each value of the mark."""
    if mark.kind == "table":
        return np.arange(len(mark.values))
    if mark.kind == "sensor":
        return _grid(mark.values.shape, (STRETCHES, mark.values.shape[1]))
    if mark.kind == "audio":
        return _grid(mark.given.shape, (MOMENTS, BANDS if mark.values.shape[1] > 1 else 1))
    side = PATCHES if mark.kind == "image" else FRAME_PATCHES
    return _grid(mark.values.shape, (len(mark.values), side, side))


def _grid(shape: tuple[int, ...], counts: tuple[int, ...]) -> np.ndarray:
    """Blocks of nearly the same size, numbered."""
    found = np.zeros(shape, np.int64)
    for axis, (length, count) in enumerate(zip(shape, counts, strict=True)):
        count = min(length, count)
        along = np.arange(length) * count // length
        found = found * count + along.reshape([-1 if i == axis else 1 for i in range(len(shape))])
    return found


def _at_seams(of: np.ndarray, given: Mapping[str, np.ndarray], mark: Mark) -> dict[str, np.ndarray]:
    """The units in shapes that go with what the seams give, (1 or pictures, ...)."""
    if mark.kind == "table":
        found, first = {}, 0
        for path, values in given.items():
            numbers = values.shape[1] if path == f"{mark.name}_standardised" else 1
            found[path] = of[None, first : first + numbers]  # a category's vector is one unit
            first += numbers
        return found
    return {path: _at_seam(of, values, mark.kind) for path, values in given.items()}


def _at_seam(of: np.ndarray, given: np.ndarray, kind: str) -> np.ndarray:
    if kind in ("image", "video"):
        return of.reshape(*given.shape[:-1], 1)
    if kind == "sensor":
        return of[None]
    if given.ndim == 3:  # samples
        return np.repeat(of[:, 0], given.shape[1] // len(of))[None, :, None]
    return of[None, :, :, None]
