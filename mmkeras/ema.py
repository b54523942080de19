"""Validation on averaged weights, while training goes on with the raw ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import keras
import numpy as np
from keras import ops


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """`with averaged(model):` it has the averages that its optimizer keeps, if it keeps any.

    Afterwards it has its own weights again, bit by bit. The statistics of batch normalisation stay
    as they are: they are a moving average already, over about as many steps, and a second one
    would be of older weights than those that are averaged here.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)  # of a loss scale
    pairs = getattr(optimizer, "averages", ())
    # Through NumPy, not by adding and subtracting in place: that rounds.
    raw = [np.array(ops.convert_to_numpy(variable)) for variable, _ in pairs]
    try:
        for variable, average in pairs:
            variable.assign(ops.convert_to_numpy(average))
        yield
    finally:
        for (variable, _), own in zip(pairs, raw, strict=True):
            variable.assign(own)


class ValidateAveraged(keras.callbacks.Callback):
    """Has the validation within `fit` measure the averaged weights; all else sees the raw ones.

    What keeps an epoch takes its weights `with averaged(model)`. Keras' `SwapEMAWeights` leaves
    other weights in a model whose training ends early than in one that ends by itself, and swaps
    by adding, so that nothing goes on bit by bit. This has no state: the averages are the
    optimizer's.
    """

    def __init__(self):
        super().__init__()
        self._swapped = ExitStack()

    def on_test_begin(self, logs=None):
        self._swapped.enter_context(averaged(self.model))

    def on_test_end(self, logs=None):
        self._swapped.close()

    on_train_begin = on_test_end  # of what an interrupted validation left
