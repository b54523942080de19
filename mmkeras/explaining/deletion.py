"""The deletion test: what is marked matters if taking it away costs more than taking anything."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.explaining.marks import Mark
from mmkeras.explaining.question import Question
from mmkeras.explaining.scene import CHUNK, Scene
from mmkeras.explaining.units import Units, units_of
from mmkeras_edge.outputs import PROBABILITIES

POINTS = 11  # shares that are taken away, from none to all
RANDOM = 5  # orders that a mark is compared with

Curves = dict[str, np.ndarray]  # by method, (POINTS,); RANDOM_ORDER is the mean of several
RANDOM_ORDER, GRAD_CAM = "random", "Grad-CAM"


def deletion(scene: Scene, mark: Mark, seed: int = 0) -> Curves:
    """The label's probability, or the number, as more and more of one input is taken away: what
    speaks for it most first, by each method, and at random; {} where there is nothing to take, as
    of a text without a word.

    Petsiuk, Das and Saenko, "RISE: randomized input sampling for explanation of black-box models",
    BMVC 2018, section 3.2; by patches, words and blocks, of which all methods have the same.
    """
    units = units_of(scene, mark)
    if not units.count:
        return {}
    random = np.random.default_rng(seed)
    orders = {mark.method: [_ranked(units.sums(mark.values))]}
    if mark.places is not None:
        orders[GRAD_CAM] = [_ranked(units.sums(mark.places))]
    orders[RANDOM_ORDER] = [random.permutation(units.count) for _ in range(RANDOM)]
    every = [order for several in orders.values() for order in several]
    curves = _curves(scene, units, every)
    found, first = {}, 0
    for name, several in orders.items():
        found[name] = curves[first : first + len(several)].mean(axis=0)
        first += len(several)
    return found


def _ranked(sums: np.ndarray) -> np.ndarray:
    """Units, what speaks for the answer most first."""
    return np.argsort(-sums, kind="stable")


def _curves(scene: Scene, units: Units, orders: Sequence[np.ndarray]) -> np.ndarray:
    """(orders, POINTS)."""
    counts = np.round(np.linspace(0, units.count, POINTS)).astype(int)
    taken = np.zeros((len(orders), POINTS, units.count), bool)
    for place, order in enumerate(orders):
        for point, count in enumerate(counts):
            taken[place, point, order[:count]] = True
    rows = taken.reshape(-1, units.count)
    different, back = np.unique(rows, axis=0, return_inverse=True)
    scores = np.concatenate(
        [_scored(scene, units, different[i : i + CHUNK]) for i in range(0, len(different), CHUNK)]
    )
    return worth(scene.question, scores)[back.ravel()].reshape(len(orders), POINTS)


def _scored(scene: Scene, units: Units, rows: np.ndarray) -> np.ndarray:
    """Of up to CHUNK rows; always as many are asked, so that one trace serves all."""
    full = np.concatenate([rows, np.repeat(rows[-1:], CHUNK - len(rows), axis=0)])
    each = [units.without(row) for row in full]
    points = {path: np.concatenate([one[path] for one in each]) for path in each[0]}
    return scene.scores(points, CHUNK)[: len(rows)]


def worth(question: Question, scores: np.ndarray) -> np.ndarray:
    """Of a score, the probability that has these log-odds, or the number."""
    if question.spec.kind not in PROBABILITIES:
        return scores
    return 1 / (1 + np.exp(-scores.astype(np.float64)))
