"""Quantization-aware training: a model learns with the rounding that its int8 file will bring."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable

import keras

from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras_export.calibration import calibration_samples
from mmkeras_export.kernels import copied
from mmkeras_export.qat_model import QuantizationAware, equal_weights
from mmkeras_export.ranges import Sample
from mmkeras_export.tuning import TUNING

# Of the epochs: then ranges and batch statistics stay, and the rest learns with what the file has.
# Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018, 3.2.
SETTLE = 0.5


def qat(
    model: keras.Model | Run,
    train: Iterable[Sample] | Manifest | Prepared = (),
    valid: Manifest | Prepared | None = None,
    epochs: int = 3,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
) -> keras.Model | Run:
    """A trained model that computes as its full int8 file will; of a run, one that learned with it.

    A functional model comes back as another one on the same layers and variables, to be compiled
    and fitted like any other, best with the callback `Settle()`: what it learns, `model` has
    learned. `train` are then samples by input name, which set the ranges of activations; without
    them the first batches do. Where more than 1 percent of a weight is zero, these stay zero; where
    a weight has few values, as after clustering, equal ones stay equal.

    A run is trained on `train` for `epochs`, the best by `valid` is kept, and it comes back as a
    plain one for `export`; `run` stays as it is, `out` is the new run's folder.
    """
    if isinstance(model, Run):
        if valid is None or not isinstance(train, Manifest | Prepared):
            raise ValueError("a run learns from rows: qat(run, train, valid), both a manifest")
        return _tuned(model, train, valid, epochs, out, training)
    if isinstance(train, Manifest | Prepared):
        raise ValueError("only a run knows how to read rows; give a model samples by input name")
    graph = model._functional if isinstance(model, keras.Sequential) else model
    if graph is None or not isinstance(graph, keras.Function):
        raise ValueError(
            f"wanted a functional model, built of keras.Input and layers. Received: {model!r}, a "
            "model with a `call` of its own"
        )
    plain = QuantizationAware(graph.input, graph.output, name=model.name)
    grouped = {name: equal_weights(weight) for name, weight in plain.scaled_weights.items()}
    grouped = {name: count for name, count in grouped.items() if count}
    if grouped:
        plain = QuantizationAware(graph.input, graph.output, name=model.name, grouped=grouped)
        plain.remember()
    plain.calibrate(train)
    return plain


def strip(model: keras.Model) -> keras.Model:
    """The plain model in one of `qat`, on the same layers and variables: for `convert`."""
    if not isinstance(model, QuantizationAware):
        raise ValueError(f"wanted a model that qat made. Received: {model!r}")
    return keras.Model(model.input, model.output, name=model.name)


class Settle(keras.callbacks.Callback):
    """Ends the search for ranges and batch statistics after a share of the epochs of `fit`."""

    def __init__(self, share: float = SETTLE):
        super().__init__()
        if not 0 <= share <= 1:
            raise ValueError(f"share lies between 0 and 1. Received: {share}")
        self._share = share

    def on_train_begin(self, logs=None):
        self.model.remember()

    def on_epoch_begin(self, epoch, logs=None):
        settled = epoch >= self._share * self.params["epochs"]
        if settled != self.model.settled:
            self.model.settled = settled
            self.model.make_train_function(force=True)


def _tuned(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    epochs: int,
    out: str | os.PathLike[str] | None,
    training: Training,
) -> Run:
    if epochs < 1:
        raise ValueError(f"it takes at least one epoch. Received: epochs={epochs}")
    aware = qat(copied(run.model), calibration_samples(run, train))
    data = run.prepare(train), run.prepare(valid)
    tuned = fit(aware, *data, epochs=epochs, training=training, callbacks=[Settle()])
    about = {**run.about, **tuned.about, "qat": {"epochs": epochs}}
    tuned = dataclasses.replace(tuned, model=strip(aware), about=about)
    return dataclasses.replace(tuned, path=tuned.save(out)) if out is not None else tuned
