"""Which rows show a model all that it will meet: every class or range, and every absence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras_edge.specs import presence_name
from mmkeras_export.comparison import rows_of

SAMPLES = 128
ABSENT_EVERY = 4  # one sample in so many lacks an optional input


def calibration_samples(
    run: Run, data: Manifest | Prepared, count: int = SAMPLES, seed: int = 0
) -> list[dict[str, np.ndarray]]:
    """Up to `count` samples, as many of each class of the first target, or range of numbers, with
    each of the optional inputs present or not, as there are.

    Of these a quarter lacks each optional input, whatever the rows have, but none lacks all.
    """
    manifest = data.manifest if isinstance(data, Prepared) else data
    rows = stratified(strata_of(manifest, run.recipe.optional), count, seed)
    if isinstance(data, Prepared):
        feed = run.prepare(data).feed(rows)
    else:
        feed = run.prepare(data.rows(rows)).feed()
    optional = run.recipe.optional
    if optional:
        present = np.stack([feed[presence_name(name)] > 0 for name in optional], axis=1)
        gone = absences(present, always=len(run.recipe.inputs) > len(optional))
        for name, away in zip(optional, gone.T, strict=True):
            feed[name][away] = 0
            feed[presence_name(name)][away] = 0
    return rows_of(feed)


def absences(present: np.ndarray, always: bool) -> np.ndarray:
    """What to take away, so that a quarter of the rows lacks each: (rows, optional inputs), bool.

    Where no other input is `always` there, one of those that are `present` stays.
    """
    gone = np.zeros_like(present)
    for turn in range(present.shape[1]):
        others = np.delete(present & ~gone, turn, axis=1).any(axis=1)
        wished = np.arange(len(present)) % ABSENT_EVERY == turn % ABSENT_EVERY
        gone[:, turn] = wished & (others | always)
    return gone


def strata_of(manifest: Manifest, optional: Sequence[str]) -> np.ndarray:
    """What rows are shared out by: which optional inputs a row has, and its class or range."""
    labels = manifest.strata()
    present = [""] * len(labels)
    for name in optional:
        cells = zip(present, manifest.column(name), strict=True)
        present = [f"{so_far}{'-' if cell is None else '+'}" for so_far, cell in cells]
    return np.array([f"{p} {label}" for p, label in zip(present, labels, strict=True)])


def stratified(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Positions of `count` rows in random order: one of each label, then another of each, ..."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(labels))
    turn = np.zeros(len(labels), int)  # how many of its label come before, in the shuffled order
    for label in np.unique(labels):
        of_label = labels[shuffled] == label
        turn[of_label] = np.arange(of_label.sum())
    return random.permutation(shuffled[np.argsort(turn, kind="stable")][:count])
