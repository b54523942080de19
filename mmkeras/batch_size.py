"""A batch size found by trial: as large as makes rows go faster, and as the memory holds."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np

from mmkeras.balance import losses_for
from mmkeras.dataset import Batches
from mmkeras.frozen import frozen_inputs, head_model
from mmkeras.losses import Wanted
from mmkeras.mishaps import of_memory
from mmkeras.phases import phases_of
from mmkeras.precision import computing_in
from mmkeras.prepared import Prepared
from mmkeras.pretrained import kept_still
from mmkeras.recipe import Recipe
from mmkeras.session import compile_for
from mmkeras.training import Training

FIRST = 8  # rows
GAIN = 1.05  # in rows per second: less than that is not worth half of an epoch's steps
STEPS = 16  # of an epoch, at least: a few large ones teach less than many small ones
TIMED, TIMED_S = 3, 0.3  # steps, and seconds, at least: the fastest step counts


def batch_size_for(
    model: keras.Model, recipe: Recipe, training: Training, data: Prepared, devices: int = 1
) -> int:
    """Doubled from 8 while a training step takes at least 5 percent more rows per second.

    Real steps on one of so many devices, which get a share each, of a copy of the model in the
    phase where most of it trains. Two trials may end
    with different sizes, for speed is measured: `fit` stores the number and goes on with it.
    """
    frozen = phases_of(recipe, 2, training.frozen_share)[-1].frozen
    computed = frozen_inputs(recipe, also=frozen)
    copy = head_model(model, computed)
    with kept_still(copy, recipe, frozen), computing_in(copy, training.precision):
        wanted = Wanted(training.loss, training.class_weights, training.label_smoothing)
        losses = losses_for(copy, recipe, training.balance, wanted, dict(data.targets))
        compile_for(copy, recipe, training, losses, steps=1_000)
        share = len(data) // devices
        return doubled(lambda size: rows_per_s(copy, batch_of(copy, data, size)), share)


def doubled(rate: Callable[[int], float], rows: int) -> int:
    """The size at which `rate`, rows per second by size, stops growing; 16 steps of so many rows.

    >>> doubled({8: 100.0, 16: 180.0, 32: 185.0}.__getitem__, rows=10_000)
    16
    """
    best, fastest = FIRST, rate(FIRST)
    while (size := 2 * best) * STEPS <= rows:
        try:
            now = rate(size)
        except Exception as error:
            if of_memory(error):
                break
            raise
        if now < GAIN * fastest:
            break
        best, fastest = size, now
    return best


Batch = tuple[dict[str, np.ndarray], ...]


def batch_of(model: keras.Model, data: Prepared, size: int) -> Batch:
    """So many rows, again where there are fewer; features that frozen towers would give are 0."""
    rows = np.resize(np.arange(len(data)), size)
    parts = Batches(data, len(data) if size > len(data) else size)[0]
    feed, *rest = ({name: of[rows] for name, of in part.items()} for part in parts)
    given = {
        name: np.zeros((size, *tensor.shape[1:]), tensor.dtype)
        if tensor.shape[1:] != feed[name].shape[1:]
        else feed[name]
        for name, tensor in model.input.items()
    }
    return given, *rest


def rows_per_s(model: keras.Model, batch: Batch) -> float:
    """Of the fastest of some training steps; one before them compiles."""
    model.train_on_batch(*batch)
    fastest_s, begun_s, steps = np.inf, time.perf_counter(), 0
    while steps < TIMED or time.perf_counter() - begun_s < TIMED_S:
        step_s = time.perf_counter()
        model.train_on_batch(*batch)  # gives figures: it waits for the device
        fastest_s = min(fastest_s, time.perf_counter() - step_s)
        steps += 1
    return len(next(iter(batch[0].values()))) / fastest_s
