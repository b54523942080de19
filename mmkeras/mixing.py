"""Two rows in one: MixUp and CutMix over all modalities of a row, and its labels, alike.

Each row of a batch keeps the share λ of itself and takes 1 - λ of another one:

    mixup   λ x + (1 - λ) x'; Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018
    cutmix  a rectangle of a picture, a stretch of a sound or of readings, of that share, is the
            other's; Yun et al., "CutMix", ICCV 2019

Of texts, the first λ of the tokens of the one and the first 1 - λ of the other's follow each other;
of the numbers of a table each is the one's or the other's. What the other lacks stays whole; what
the one lacks it takes over. λ is at least 1/2, so that a row stays what it is in the metrics.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from mmkeras.distribution import replicas
from mmkeras.targets import filled, labelled
from mmkeras_edge.specs import PAD_ID, presence_name

ALPHA = {"mixup": 0.2, "cutmix": 1.0}  # of the Beta distribution of λ, as the papers have it


def mixed(
    feed: Mapping[str, np.ndarray], kinds: Mapping[str, str], mix: str, random: np.random.Generator
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """The batch mixed with another order of itself: the inputs, that order, and λ (rows,).

    `kinds` has the inputs that are as a device takes them; others are features, mixed as numbers.
    """
    rows = len(next(iter(feed.values())))
    other = random.permutation(rows)
    kept = random.beta(ALPHA[mix], ALPHA[mix], rows)
    kept = np.maximum(kept, 1 - kept).astype(np.float32)
    found, presences = dict(feed), {presence_name(name) for name in feed}
    for name, array in feed.items():
        if name in presences:
            continue
        how = _WAYS[mix].get(kinds.get(name, ""), _blended)
        both = how(array, array[other], kept, random)
        there = feed.get(presence_name(name))
        if there is not None:
            mine, theirs = (_beside(of > 0, array) for of in (there, there[other]))
            both = np.where(mine & theirs, both, np.where(mine, array, array[other]))
            found[presence_name(name)] = np.maximum(there, there[other])
        found[name] = both.astype(array.dtype)
    return found, other, kept


def mixed_labels(labels: np.ndarray, other: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Both labels with their weights, float32 (rows, 2, 1 + l): 0 for one that is not known."""
    both = []
    for rows, share in ((slice(None), kept), (other, 1 - kept)):
        weight = labelled(labels)[rows] * share
        both.append(np.concatenate([weight[:, None], _columns(filled(labels)[rows])], axis=1))
    return np.stack(both, axis=1).astype(np.float32)


@keras.saving.register_keras_serializable("mmkeras")
class MixedLoss(keras.losses.Loss):
    """Σ (λ L(y) + (1 - λ) L(y')) over the labels that are known, by the sum of their weights.

    Labels alone, as validation has them, are taken as they are.
    """

    def __init__(self, loss, name="mixed_loss", **kwargs):
        super().__init__(name, **kwargs)
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        if not is_mixed(y_true):
            return self.loss(y_true, y_pred, sample_weight)
        total, weights = 0.0, 0.0
        for each in (0, 1):
            weight, labels = one_of(ops.cast(y_true, y_pred.dtype), each)
            total += ops.sum(weight) * replicas() * self.loss(labels, y_pred, weight)
            weights += ops.sum(weight)
        return total / ops.maximum(weights, keras.config.epsilon()) / replicas()

    def get_config(self):
        inner = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": inner}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


def is_mixed(y_true) -> bool:
    return len(y_true.shape) == 3


def one_of(y_true, each: int):
    """Of mixed labels, the weights (B,) and the labels (B, l) of the row itself or of the other."""
    return y_true[:, each, 0], y_true[:, each, 1:]


def _blended(one, other, kept, random):
    """Means, NaN where either is; pixels are rounded."""
    share = _beside(kept, one)
    both = share * one + (1 - share) * other
    return np.rint(both) if one.dtype.kind in "ui" else both


def _boxed(one, other, kept, random):
    """A rectangle of 1 - λ of the area, of the picture's shape, anywhere within: (B, ..., H, W, 3).

    The same in all views and frames.
    """
    both = one.copy()
    height, width = one.shape[-3:-1]
    sides = np.sqrt(1 - kept)
    for row, (side, top, left) in enumerate(zip(sides, *random.random((2, len(one))), strict=True)):
        high, wide = round(side * height), round(side * width)
        y, x = round(top * (height - high)), round(left * (width - wide))
        both[row, ..., y : y + high, x : x + wide, :] = other[
            row, ..., y : y + high, x : x + wide, :
        ]
    return both


def _spliced(one, other, kept, random):
    """A stretch of 1 - λ of the time, anywhere within: (B, T) or (B, T, C)."""
    both = one.copy()
    steps = one.shape[1]
    for row, start in enumerate(random.random(len(one))):
        length = round((1 - kept[row]) * steps)
        first = round(start * (steps - length))
        both[row, first : first + length] = other[row, first : first + length]
    return both


def _joined(one, other, kept, random):
    """The beginnings of two texts, (B, T)."""
    both = np.full_like(one, PAD_ID)
    for row, share in enumerate(kept):
        mine, theirs = (of[row][of[row] != PAD_ID] for of in (one, other))
        parts = mine[: int(np.ceil(share * len(mine)))], theirs[: int((1 - share) * len(theirs))]
        ids = np.concatenate(parts)[: one.shape[1]]
        both[row, : len(ids)] = ids
    return both


def _chosen(one, other, kept, random):
    """Each field of the one with the probability λ: a category has no mean."""
    return np.where(random.random(one.shape) < _beside(kept, one), one, other)


def _beside(values: np.ndarray, array: np.ndarray) -> np.ndarray:
    """One a row, as broad as the array."""
    return values.reshape(-1, *[1] * (array.ndim - 1))


def _columns(labels: np.ndarray) -> np.ndarray:
    return labels.reshape(len(labels), -1)


_WAYS = {
    "mixup": {"text": _joined, "table": _chosen},
    "cutmix": {
        "image": _boxed,
        "video": _boxed,
        "audio": _spliced,
        "sensor": _spliced,
        "text": _joined,
        "table": _chosen,
    },
}
