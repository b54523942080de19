"""Which rows an epoch has: each once, or those of rare labels more often."""

from __future__ import annotations

import numpy as np

from mmkeras.prepared import Prepared
from mmkeras.targets import LABELS, labelled
from mmkeras_edge.inputs import pick

SAMPLINGS = ("none", "balanced")


def chances(data: Prepared, sampling: str) -> np.ndarray | None:
    """How often each row comes in an epoch, on average: (rows,), their mean is 1; None: each once.

    "balanced" lets every label of the first output that has labels come alike; of several labels
    the rarest counts, and a row without one comes once. Raises ValueError where no output has
    labels.
    """
    pick(dict.fromkeys(SAMPLINGS), sampling, "sampling")
    if sampling == "none":
        return None
    for name, task in data.recipe.outputs.items():
        if task.kind in LABELS:
            return _balanced(classes_of(data.targets[name]), labelled(data.targets[name]))
    kinds = ", ".join(task.kind for task in data.recipe.outputs.values())
    raise ValueError(f'sampling="balanced" wants an output with labels; here are only {kinds}')


def drawn(chances: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As many rows as there are, each as often as its chance says, rounded up or down by lot."""
    order = random.permutation(len(chances))
    ends = np.cumsum(chances[order])
    places = (random.random() + np.arange(len(order))) * ends[-1] / len(order)
    return np.sort(order[np.minimum(np.searchsorted(ends, places, "right"), len(order) - 1)])


def classes_of(labels: np.ndarray) -> np.ndarray:
    """One class a row, (rows,): an id, 0 or 1, or the rarest of several labels, -1 for none."""
    if labels.ndim == 1:
        return labels.astype(np.int64)
    if labels.shape[1] == 1:
        return np.nan_to_num(labels[:, 0]).astype(np.int64)
    counts = np.nansum(labels, axis=0)
    rarity = np.where(np.nan_to_num(labels) > 0, 1 / np.maximum(counts, 1), -1)
    return np.where(rarity.max(axis=1) > 0, rarity.argmax(axis=1), -1)


def shares(data: Prepared, chances: np.ndarray) -> dict[str, dict[str, tuple[float, float]]]:
    """By output and label, its share of the rows and of an epoch: the effect, for a report."""
    found = {}
    for name, task in data.recipe.outputs.items():
        known = labelled(data.targets[name])
        if task.kind not in LABELS or not known.any():
            continue
        classes, labels = classes_of(data.targets[name]), task.spec.labels  # type: ignore[union-attr]
        found[name] = {
            label: (
                round(float((classes[known] == i).mean()), 4),
                round(float(chances[known & (classes == i)].sum() / chances[known].sum()), 4),
            )
            for i, label in enumerate(labels)
        }
    return found


def _balanced(classes: np.ndarray, known: np.ndarray) -> np.ndarray:
    _, which, counts = np.unique(classes[known], return_inverse=True, return_counts=True)
    found = np.ones(len(classes))
    found[known] = known.sum() / (len(counts) * counts[which])
    return found
