"""Quantization-aware training: a model learns with the rounding that its int8 file will bring."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import keras

from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras.training import Training
from mmkeras_export.quantizing.calibration import calibration_samples
from mmkeras_export.quantizing.ranges import Sample
from mmkeras_export.shrinking.kernels import copied, kernels_of
from mmkeras_export.shrinking.qat_model import QuantizationAware, equal_weights
from mmkeras_export.shrinking.qat_ranges import RANGES, plain_ranges
from mmkeras_export.shrinking.tuning import TUNING, Step, Tuning, check_rows
from mmkeras_export.shrinking.zeros import KeepZeros

# Of the epochs: then ranges and batch statistics stay, and the rest learns with what the file has.
# Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018, 3.2.
SETTLE = 0.5


@singledispatch
def qat(of: Any, *args: Any, **kwargs: Any) -> Any:
    """A model or a run that computes as its full int8 file will, to learn with it.

    - `qat(model, samples)` gives any functional or sequential Keras model back as one that rounds:
      see `qat_model`.
    - `qat(run, train, valid, epochs=3, ...)` trains a mmkeras run on: see `qat_run`.

    Zeros of a pruned model stay zero, equal weights of a clustered one equal. Raises ValueError for
    impossible wishes, TypeError for what is neither a model nor a run.
    """
    raise TypeError(
        f"qat takes a Keras model, or a run of mmkeras.fit or mmkeras.load. Received: {of!r}"
    )


@qat.register
def qat_model(model: keras.Model, samples: Iterable[Sample] = ()) -> QuantizationAware:
    """A functional model as another one on the same layers and variables, which rounds.

    Compile and fit it like any other, best with the callback `Settle()`: what it learns, `model`
    has learned. `samples` by input name set the ranges of activations; without them the first
    batches do. Where more than 1 percent of a weight is zero, these stay zero; where a weight has
    few values, as after clustering, equal ones stay equal.
    """
    if isinstance(samples, Manifest | Prepared):
        raise ValueError("only a run knows how to read rows; give a model samples by input name")
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if graph is None or not isinstance(graph, keras.Function):
        raise ValueError(
            f"wanted a functional model, built of keras.Input and layers. Received: {model!r}, a "
            "model with a `call` of its own"
        )
    aware = QuantizationAware(graph.input, graph.output, name=model.name)
    grouped = {name: equal_weights(weight) for name, weight in aware.scaled_weights.items()}
    grouped = {name: count for name, count in grouped.items() if count}
    if grouped:
        aware = QuantizationAware(graph.input, graph.output, name=model.name, grouped=grouped)
        aware.remember()
    aware.calibrate(samples)
    return aware


@qat.register
def qat_run(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    epochs: int = 3,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
    resume: bool = False,
) -> Run:
    """A copy of the run that trains on for `epochs` with the rounding of its int8 file.

    The best epoch by `valid` is kept, and comes back as a plain run; the ranges of activations that
    it learned go with it, see `learned_ranges`, for `export` to int8. `out` is the new run's
    folder; with `resume`, a training that was cut off there goes on.
    """
    tuning = Tuning(epochs, out, training, resume)
    check_rows("qat", train, valid)
    aware = qat_model(copied(run.model), calibration_samples(run, train))
    zeros = [KeepZeros()] if kernels_of(aware) else []
    tuned = tuning.of(run, aware, (train, valid), [*zeros, Settle(epochs=epochs)])
    if not isinstance(tuned.model, QuantizationAware):  # it was finished already
        return tuned
    about = {**tuned.about, RANGES: plain_ranges(tuned.model)}
    plain = dataclasses.replace(tuned, model=strip(tuned.model), about=about)
    return plain if out is None else dataclasses.replace(plain, path=plain.save(out))


def strip(model: keras.Model) -> keras.Model:
    """The plain model in one of `qat`, on the same layers and variables: for `convert`."""
    if not isinstance(model, QuantizationAware):
        raise ValueError(f"wanted a model that qat made. Received: {model!r}")
    return keras.Model(model.input, model.output, name=model.name)


class Settle(keras.callbacks.Callback):
    """Ends the search for ranges and batch statistics after a share of the epochs.

    Of those of `fit`, or of `epochs`, where a training takes more than one call of it.
    """

    def __init__(self, share: float = SETTLE, epochs: int | None = None):
        super().__init__()
        if not 0 <= share <= 1:
            raise ValueError(f"share lies between 0 and 1. Received: {share}")
        self._share = share
        self._epochs = epochs

    def plain_steps(self) -> list[Step]:
        """What it is part of, as plain data for JSON."""
        return [{"step": "qat", "settle": self._share}]

    def on_train_begin(self, logs=None):
        self.model.remember()

    def on_epoch_begin(self, epoch, logs=None):
        settled = epoch >= self._share * (self._epochs or self.params["epochs"])
        if settled != self.model.settled:
            self.model.settled = settled
            self.model.make_train_function(force=True)
