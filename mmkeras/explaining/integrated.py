"""Integrated gradients: what each number adds on the straight way from nothing to the sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmkeras.explaining.scene import CHUNK, Scene

STEPS = 32  # points on the way; the places and weights of Gauss and Legendre


class Attributions(NamedTuple):
    """By path, an array like the layer's own. They sum up to the difference between the sample's
    score and that of nothing, but for `gap`, a share of it, which more steps make smaller."""

    by_path: dict[str, np.ndarray]
    difference: float
    gap: float


def integrated_gradients(scene: Scene, paths: Sequence[str], steps: int = STEPS) -> Attributions:
    """(x - x') ∫ ∂score(x' + a (x - x')) / ∂x da over a from 0 to 1, at these layers.

    x' is what they give where the input is taken away: the mean picture, silence, no word.
    Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", ICML 2017, eq. 1.
    """
    given = scene.values(paths)
    nothing = scene.values(paths, scene.taken_away())
    places, weights = np.polynomial.legendre.leggauss(steps)
    places, weights = (places + 1) / 2, weights / 2
    summed = {path: np.zeros(of.shape) for path, of in given.items()}
    for first in range(0, steps, CHUNK):
        some, shares = places[first : first + CHUNK], weights[first : first + CHUNK]
        points = {p: _between(nothing[p], given[p], some) for p in given}
        _, gradients = scene.gradients(points, len(some))
        for path, of in gradients.items():
            each = of.reshape(len(some), *given[path].shape)
            summed[path] += np.tensordot(shares, each, axes=1)
    found = {path: (given[path] - nothing[path]) * of for path, of in summed.items()}
    ends = [scene.scores(of, 1)[0] for of in (given, nothing)]
    difference = float(ends[0] - ends[1])
    missed = abs(sum(float(of.sum()) for of in found.values()) - difference)
    return Attributions(found, difference, missed / max(abs(difference), 1e-6))


def _between(start: np.ndarray, end: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Points on the way, one after the other along the first axis."""
    return np.concatenate([start + place * (end - start) for place in places]).astype(np.float32)
