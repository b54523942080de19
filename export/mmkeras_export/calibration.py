"""Which rows show a model all that it will meet: every class or range, and every absence."""

from __future__ import annotations

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras_edge.specs import presence_name
from mmkeras_export.comparison import rows_of

SAMPLES = 128
ABSENT_EVERY = 4  # one sample in so many lacks an optional input


def calibration_samples(
    run: Run, data: Manifest | Prepared, count: int = SAMPLES, seed: int = 0
) -> list[dict[str, np.ndarray]]:
    """Up to `count` samples, as many of each class of the first target, or range of numbers, as
    there are.

    Of these a quarter lacks each optional input.
    """
    manifest = data.manifest if isinstance(data, Prepared) else data
    rows = stratified(manifest.strata(), count, seed)
    if isinstance(data, Prepared):
        feed = run.prepare(data).feed(rows)
    else:
        feed = run.prepare(data.rows(rows)).feed()
    for turn, name in enumerate(run.recipe.optional):
        gone = np.arange(len(feed[name])) % ABSENT_EVERY == turn % ABSENT_EVERY
        feed[name][gone] = 0
        feed[presence_name(name)][gone] = 0
    return rows_of(feed)


def stratified(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Positions of `count` rows in random order: one of each label, then another of each, ..."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(labels))
    turn = np.zeros(len(labels), int)  # how many of its label come before, in the shuffled order
    for label in np.unique(labels):
        of_label = labels[shuffled] == label
        turn[of_label] = np.arange(of_label.sum())
    return random.permutation(shuffled[np.argsort(turn, kind="stable")][:count])
