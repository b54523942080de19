"""Prepared arrays to batches by name, shuffled and augmented anew each epoch."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import keras
import numpy as np

from mmkeras.augment import AUGMENT
from mmkeras.prepare import Prepared
from mmkeras.targets import filled, labelled
from mmkeras.taught import packed


class Batches(keras.utils.PyDataset):
    """Dicts of inputs and dicts of labels, for `fit`, `evaluate` and `predict` of any backend.

    Where labels are unknown, a third dict has the weights of the rows, 0 for those, by output.
    Where there are a teacher's answers, labels come with them, as in `mmkeras.taught`.
    `augment` names the inputs to vary. The order and the augmentation of an epoch depend on `seed`
    and the epoch alone, so that a training can go on from `first_batch` of `first_epoch`.
    Batches are a multiple of `shares`, for as many devices: rows beyond are left out, which are
    others in each epoch where they are shuffled.
    """

    def __init__(
        self,
        data: Prepared,
        batch_size: int = 64,
        shuffle: bool = False,
        augment: Collection[str] = (),
        seed: int = 0,
        first_epoch: int = 0,
        first_batch: int = 0,
        shares: int = 1,
    ):
        super().__init__()
        self.data = data
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self._kinds = {name: data.manifest.kinds[name] for name in augment}
        self._first_batch = first_batch
        self._whole = len(data) // shares * shares
        self._epoch = first_epoch - 1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return -(-self._whole // self.batch_size) - self._first_batch

    def on_epoch_begin(self) -> None:
        self._epoch += 1
        rows = np.arange(len(self.data))
        if self.shuffle:
            np.random.default_rng((self.seed, self._epoch)).shuffle(rows)
        self._rows = rows[: self._whole]

    def __getitem__(self, batch: int):
        batch += self._first_batch
        rows = self._rows[batch * self.batch_size : (batch + 1) * self.batch_size]
        feed = self.data.feed(rows)
        if self._kinds:
            random = np.random.default_rng((self.seed, self._epoch, batch))
            feed = augmented(feed, self._kinds, random)
        answers = self.data.answers(rows)
        if self.data.taught:
            taught = self.data.taught
            return feed, {name: packed(of, taught[name][rows]) for name, of in answers.items()}
        if not self.data.partly:
            return feed, answers
        weights = {name: labelled(of).astype(np.float32) for name, of in answers.items()}
        return feed, {name: filled(of) for name, of in answers.items()}, weights


def augmented(
    feed: Mapping[str, np.ndarray], kinds: Mapping[str, str], random: np.random.Generator
) -> dict[str, np.ndarray]:
    """The batch with each modality varied as `AUGMENT` has it for its kind."""
    return {
        name: AUGMENT[kinds[name]](array, random) if name in kinds else array
        for name, array in feed.items()
    }
