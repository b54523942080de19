"""Prepared arrays to batches by name, shuffled and augmented anew each epoch."""

from __future__ import annotations

from collections.abc import Collection

import keras
import numpy as np

from mmkeras.ahead import Ahead
from mmkeras.augment import Variation, chosen, varied
from mmkeras.mixing import mixed, mixed_labels
from mmkeras.order import order_of
from mmkeras.prepared import Prepared
from mmkeras.sampling import drawn
from mmkeras.targets import filled, labelled
from mmkeras.taught import packed


class Batches(keras.utils.PyDataset):
    """Dicts of inputs and dicts of labels, for `fit`, `evaluate` and `predict` of any backend.

    Where labels are unknown, a third dict has the weights of the rows, 0 for those, by output.
    Where there are a teacher's answers, labels come with them, as in `mmkeras.taught`; where rows
    are mixed, both labels, as in `mmkeras.mixing`.
    `augment` names the inputs to vary as usual, or says how; `chances` is how often each row comes.
    The order and the augmentation of an epoch depend on `seed` and the epoch alone, so that a
    training can go on from `first_batch` of `first_epoch`.
    Batches are a multiple of `shares`, for as many devices: rows beyond are left out, which are
    others in each epoch where they are shuffled. What is varied or lies on the disk is made ahead
    in a thread.
    """

    def __init__(
        self,
        data: Prepared,
        batch_size: int = 64,
        shuffle: bool = False,
        augment: Collection[str] | Variation = (),
        seed: int = 0,
        first_epoch: int = 0,
        first_batch: int = 0,
        shares: int = 1,
        chances: np.ndarray | None = None,
    ):
        super().__init__()
        self.data = data
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        if not isinstance(augment, Variation):
            kinds = {name: data.manifest.kinds[name] for name in augment}
            augment = Variation(chosen(True, kinds), kinds)
        if augment.mix != "none" and (data.taught or data.fused is not None):
            raise ValueError("rows that are mixed have no answers of a teacher; leave out mix")
        self._variation = augment
        self._chances = chances
        self._first_batch = first_batch
        self._whole = len(data) // shares * shares
        self._epoch = first_epoch - 1
        self._ahead: Ahead | None = None
        if augment or data.shards is not None:
            self._ahead = Ahead(self._made, -(-self._whole // batch_size))
        self.on_epoch_begin()

    def __len__(self) -> int:
        return -(-self._whole // self.batch_size) - self._first_batch

    def on_epoch_begin(self) -> None:
        self._epoch += 1
        if self._ahead is not None:
            self._ahead.forget()
        random = np.random.default_rng((self.seed, self._epoch))
        rows = np.arange(len(self.data)) if self._chances is None else drawn(self._chances, random)
        if self.shuffle:
            rows = order_of(self.data, random, rows)
        self._rows = rows[: self._whole]

    def __getitem__(self, batch: int):
        batch += self._first_batch
        return self._made(batch) if self._ahead is None else self._ahead[batch]

    def _made(self, batch: int):
        rows = self._rows[batch * self.batch_size : (batch + 1) * self.batch_size]
        feed, answers = self.data.feed(rows), self.data.answers(rows)
        random = np.random.default_rng((self.seed, self._epoch, batch))
        if self._variation:
            feed = varied(feed, self._variation.by, random)
        if self._variation.mix != "none":
            feed, other, kept = mixed(feed, self._variation.kinds, self._variation.mix, random)
            return feed, {name: mixed_labels(of, other, kept) for name, of in answers.items()}
        if self.data.taught:
            taught = self.data.taught
            return feed, {name: packed(of, taught[name][rows]) for name, of in answers.items()}
        if not self.data.partly:
            return feed, answers
        weights = {name: labelled(of).astype(np.float32) for name, of in answers.items()}
        return feed, {name: filled(of) for name, of in answers.items()}, weights
