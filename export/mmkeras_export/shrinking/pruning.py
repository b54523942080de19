"""Pruning native to Keras 3: a share of the weights of any model, or of a run, becomes zero."""

from __future__ import annotations

import os
from functools import singledispatch
from typing import Any

import keras
import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras.training import Training
from mmkeras_export.shrinking.kernels import by_pattern, copied, trained
from mmkeras_export.shrinking.masks import masks_of
from mmkeras_export.shrinking.tuning import TUNING, Tuning, check_rows
from mmkeras_export.shrinking.zeros import Pruning, Sparsity, table_of


@singledispatch
def prune(of: Any, *args: Any, **kwargs: Any) -> Any:
    """A copy of a model or a run with zeros for its smallest weights; what was given stays.

    - `prune(model, sparsity=0.5)` does it at once to any Keras model: see `prune_model`. To have it
      learn meanwhile: `model.fit(..., callbacks=[Pruning(0.5)])`.
    - `prune(run, train, valid, sparsity=0.5, epochs=3, ...)` trains a mmkeras run on: see
      `prune_run`.

    `sparsity` is 0.5, "2:4", a schedule, {"head": 0.8} by pattern of layer names, or all that a
    `Pruning` can: Pruning(0.5, block=(4, 1)), Pruning(0.7, scope="global"), and in training
    Pruning(0.7, criterion="movement").

    Frozen layers, vectors, depthwise and small kernels are left alone: see
    `mmkeras_export.shrinking.kernels`. It brings a smaller download, and no speed. Raises
    ValueError for impossible wishes, TypeError for what is neither a model nor a run.
    """
    raise TypeError(
        f"prune takes a Keras model, or a run of mmkeras.fit or mmkeras.load. Received: {of!r}"
    )


@prune.register
def prune_model(
    model: keras.Model,
    sparsity: Sparsity | Pruning = 0.5,
) -> keras.Model:
    """A copy of any Keras model in which the smallest weights are zero, at once.

    `sparsity` is a share of zeros, "2:4", or a table of these by pattern of layer names; or a
    `Pruning`, with blocks and scope. Fine-tune the copy with `callbacks=[KeepZeros()]`.
    """
    wish = sparsity if isinstance(sparsity, Pruning) else Pruning(sparsity)
    if wish.criterion != "magnitude":
        raise ValueError(
            f"{wish.criterion} shows in a training: model.fit(..., callbacks=[Pruning(...)]); at "
            "once, weights go by magnitude"
        )
    slim = copied(model)
    for amount, kernels in by_pattern(trained(slim), table_of(wish.sparsity)):
        if callable(amount):
            raise ValueError(
                "a schedule is for a training: model.fit(..., callbacks=[Pruning(schedule)]). To "
                f"prune at once, give the sparsity itself. Received: {amount!r}"
            )
        values = [kernel.numpy() for kernel in kernels]
        layouts = [kernel.layout for kernel in kernels]
        sizes = [np.abs(each) for each in values]
        masks = masks_of(sizes, layouts, amount, wish.block, wish.together)
        for kernel, value, mask in zip(kernels, values, masks, strict=True):
            kernel.variable.assign(value * mask)
    return slim


@prune.register
def prune_run(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    sparsity: Sparsity | Pruning = 0.5,
    epochs: int = 3,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
    resume: bool = False,
) -> Run:
    """A copy of the run that trains on for `epochs` while more and more weights become zero.

    `sparsity` as in `Pruning`, or one with all that it can. Of the epochs that were as sparse as
    they shall be, the best is kept. `out` is the new run's folder; with `resume`, a pruning that
    was cut off there goes on.
    """
    pruning = sparsity if isinstance(sparsity, Pruning) else Pruning(sparsity)
    tuning = Tuning(epochs, out, training, resume)
    check_rows("prune", train, valid)
    return tuning.of(run, copied(run.model), (train, valid), [pruning])


def sparsity_of(model: keras.Model) -> float:
    """Share of zeros among the weights that pruning takes."""
    zeros = [(kernel.numpy() == 0) for kernel in trained(model)]
    return sum(int(each.sum()) for each in zeros) / sum(each.size for each in zeros)


def sparsity_by_layer(model: keras.Model) -> dict[str, float]:
    """Share of zeros of each kernel that pruning takes, by its name: "tower/dense/kernel"."""
    return {kernel.name: float((kernel.numpy() == 0).mean()) for kernel in trained(model)}
