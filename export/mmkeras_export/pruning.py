"""Magnitude pruning native to Keras 3: small weights become zero while the model trains on."""

from __future__ import annotations

import dataclasses
import math
import os

import keras
import numpy as np
from keras import ops

from mmkeras.keeping import COUNTS
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras.train import fit
from mmkeras.training import Training

MIN_WEIGHTS = 1_000  # a smaller kernel saves nothing worth its part in the answer
RISE = 0.5  # share of the epochs in which the sparsity rises; the rest repairs
UPDATES = 10  # new masks in one epoch of the rise
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
# Half a magnitude less than a training from scratch: it only repairs. A mean of epochs would have
# fewer zeros than each of them, and all that was learned shall train on.
TUNING = Training(learning_rate=3e-4, ema=0.0, soup=1, frozen_share=0.0)


def prune(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    sparsity: float = 0.5,
    epochs: int = 3,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
) -> Run:
    """A copy of the run in which `sparsity` of the weights of each layer are zero.

    Trains on for `epochs`, and keeps the best of those that had the full sparsity. `run` stays
    as it is; `out` is the new run's folder. Frozen towers, vectors, depthwise and small kernels
    are left alone: see `prunable`. It brings a smaller download, and no speed.
    """
    if not 0 < sparsity < 1:
        raise ValueError(f"sparsity must lie between 0 and 1. Received: {sparsity}")
    if epochs < 1:
        raise ValueError(f"pruning wants at least one epoch. Received: epochs={epochs}")
    model = keras.models.clone_model(run.model)
    model.set_weights(run.model.get_weights())
    pruning = Pruning(sparsity, epochs)
    data = run.prepare(train), run.prepare(valid)
    tuned = fit(model, *data, epochs=epochs, training=training, callbacks=[pruning])
    about = {**tuned.about, "pruned": {"sparsity": sparsity, "epochs": epochs}}
    pruned = dataclasses.replace(tuned, about=about)
    return dataclasses.replace(pruned, path=pruned.save(out)) if out is not None else pruned


def prunable(model: keras.Model) -> list[keras.Variable]:
    """The weights that pruning takes: kernels and embedding tables that are trained, nested too.

    Not depthwise kernels: nine weights see a whole channel, and all of them are few.
    """
    spared = {
        id(weight)
        for layer in model._flatten_layers()
        if isinstance(layer, DEPTHWISE)
        for weight in layer.weights
    }
    return [
        weight
        for weight in model.trainable_variables
        if len(weight.shape) > 1
        and math.prod(weight.shape) >= MIN_WEIGHTS
        and id(weight) not in spared
    ]


def sparsity_of(model: keras.Model) -> float:
    """Share of zeros among the weights that pruning takes."""
    weights = [ops.convert_to_numpy(weight) for weight in prunable(model)]
    return sum(int((w == 0).sum()) for w in weights) / sum(w.size for w in weights)


def sparsity_at(done: float, final: float) -> float:
    """The sparsity after a share of the rise: final · (1 - (1 - done)³), at most `final`.

    Zhu and Gupta, "To prune, or not to prune", 2017, eq. 1, from an initial sparsity of 0: fast
    while there is much to spare, slow at the end.
    """
    return final * (1.0 - (1.0 - min(done, 1.0)) ** 3)


def magnitude_mask(weight: keras.Variable, sparsity: float) -> keras.KerasTensor:
    """1 for what stays, 0 for the smallest `sparsity` of the weights by absolute value."""
    size = np.abs(ops.convert_to_numpy(weight)).ravel()
    mask = np.ones(size.size, np.float32)
    count = round(sparsity * size.size)
    mask[np.argpartition(size, min(count, size.size - 1))[:count]] = 0.0
    return ops.convert_to_tensor(mask.reshape(weight.shape), weight.dtype)


class Pruning(keras.callbacks.Callback):
    """Masks the weights after every batch, ever more of them until the rise is over.

    An epoch from before the end of the rise is not sparse yet: it does not count among the best.
    """

    def __init__(self, sparsity: float, epochs: int):
        super().__init__()
        self._sparsity = sparsity
        self._rise_epochs = max(1, round(RISE * epochs))

    def on_train_begin(self, logs=None):
        self._weights = prunable(self.model)
        self._step = 0
        self._rise = self._rise_epochs * self.params["steps"]
        self._every = max(1, self.params["steps"] // UPDATES)
        self._masks = [ops.ones_like(weight) for weight in self._weights]

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if self._step <= self._rise and (self._rise - self._step) % self._every == 0:
            sparsity = sparsity_at(self._step / self._rise, self._sparsity)
            self._masks = [magnitude_mask(weight, sparsity) for weight in self._weights]
        for weight, mask in zip(self._weights, self._masks, strict=True):
            weight.assign(weight * mask)

    def on_epoch_end(self, epoch, logs=None):
        logs[COUNTS] = float(self._step >= self._rise)
