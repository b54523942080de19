"""Weights that share few values, so that a file compresses: at once, or while a model trains."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import singledispatch
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras.training import Training
from mmkeras_edge.inputs import pick
from mmkeras_export.shrinking.centroids import INITS, kmeans, nearest
from mmkeras_export.shrinking.holding import Hold, Holding
from mmkeras_export.shrinking.kernels import Kernel, by_pattern, copied, trained
from mmkeras_export.shrinking.tuning import TUNING, Tuning, check_rows

PRUNED = 0.01  # share of zeros above which a kernel was pruned: by chance there is hardly one

Clusters = int | Mapping[str, int]  # one number for all kernels, or by pattern of layer names


@singledispatch
def cluster(of: Any, *args: Any, **kwargs: Any) -> Any:
    """A copy of a model or a run whose kernels have few values each; what was given stays.

    - `cluster(model, clusters=16, init="linear")` does it at once to any Keras model: see
      `cluster_model`. To have the values learn: `model.fit(..., callbacks=[Clustering(16)])`.
    - `cluster(run, train, valid, clusters=16, epochs=2, ...)` trains a mmkeras run on: see
      `cluster_run`.

    It brings a smaller download, and no speed. Raises ValueError for impossible wishes, TypeError
    for what is neither a model nor a run.
    """
    raise TypeError(
        f"cluster takes a Keras model, or a run of mmkeras.fit or mmkeras.load. Received: {of!r}"
    )


@cluster.register
def cluster_model(model: keras.Model, clusters: Clusters = 16, init: str = "linear") -> keras.Model:
    """A copy of any Keras model whose kernels have at most so many values each, at once.

    By k-means from a start of `shrinking.centroids.INITS`; `clusters` is a number from 2 on, or a
    table of numbers by pattern of layer names. Zero stays zero, as one of the values, where a
    kernel was pruned.
    """
    check(clusters, init)
    small = copied(model)
    for count, kernels in by_pattern(trained(small), table_of(clusters)):
        for kernel in kernels:
            found = shared(kernel.numpy(), count, init)
            kernel.variable.assign(found.values[found.numbers])
    return small


@cluster.register(Run)
def cluster_run(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    clusters: Clusters | Clustering = 16,
    epochs: int = 2,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
    resume: bool = False,
) -> Run:
    """A copy of the run whose shared values were trained on for `epochs`, the best is kept.

    `clusters` as in `Clustering`, or one with all that it can. `out` is the new run's folder; with
    `resume`, a clustering that was cut off there goes on.
    """
    clustering = clusters if isinstance(clusters, Clustering) else Clustering(clusters)
    tuning = Tuning(epochs, out, training, resume)
    check_rows("cluster", train, valid)
    return tuning.of(run, copied(run.model), (train, valid), [clustering])


class Clustering(Holding):
    """Clusters the kernels of any Keras model when `fit` begins, and trains their shared values.

    A weight stays in its cluster k (Han, Mao and Dally, "Deep compression", ICLR 2016, section 3);
    the value moves by the mean of the steps Δw that the optimizer takes with its members,

        c_k ← c_k + mean of Δw over cluster k,  w ← c_k,

    zero stays zero. As with `Pruning` the rule is part of the optimizer's step, all state is the
    optimizer's, nothing is to be stripped, and a model that is clustered already goes on from its
    values. Arguments as those of `cluster_model`.
    """

    def __init__(self, clusters: Clusters = 16, init: str = "linear"):
        super().__init__()
        check(clusters, init)
        self.clusters = clusters
        self.init = init

    def plain_steps(self) -> list[dict[str, Any]]:
        """What it does, as plain data for JSON."""
        given = self.clusters
        plain = dict(given) if isinstance(given, Mapping) else given
        return [{"step": "cluster", "clusters": plain, "init": self.init}]

    def lay_down(self, hold: Hold, model: keras.Model) -> None:
        """Clusters the model."""
        for count, kernels in by_pattern(trained(model), table_of(self.clusters)):
            for kernel in kernels:
                Shared(hold, kernel, count, self.init)


class Found(NamedTuple):
    """Clusters of a kernel: their values, and the number of each weight's."""

    values: np.ndarray  # float32, (k,)
    numbers: np.ndarray  # int32, of the kernel's shape


def shared(kernel: np.ndarray, clusters: int, init: str) -> Found:
    """The clusters of a kernel. Of one that was pruned, number 0 is zero, of the zeros alone."""
    zero = kernel == 0
    if zero.mean() <= PRUNED:
        values = kmeans(kernel, clusters, init)
        return Found(values, nearest(kernel, values))
    others = kmeans(kernel[~zero], clusters - 1, init) if not zero.all() else np.zeros(0)
    numbers = np.zeros(kernel.shape, np.int32)
    numbers[~zero] = 1 + nearest(kernel[~zero], others)
    return Found(np.concatenate([[0.0], others]).astype(np.float32), numbers)


class Shared:
    """A kernel in training whose weights are the values of their clusters."""

    def __init__(self, hold: Hold, kernel: Kernel, clusters: int, init: str):
        found = shared(kernel.numpy(), clusters, init)
        weight = kernel.variable
        self._averages = hold.averages(weight)
        for variable in (weight, *self._averages):
            variable.assign(found.values[found.numbers])
        self._values = hold.small("centroids", found.values)
        # As floats, exact up to 2^24, for they lie beside the weight on every device.
        self._numbers = hold.like(weight, "clusters", found.numbers)
        self._moves = (found.values != 0).astype(np.float32)
        hold.rule(weight, self._together)

    def _together(self, weights: Any) -> Any:
        """c_k ← c_k + mean of Δw over cluster k; w ← c_k; an average of w ← its mean there."""
        numbers = ops.reshape(ops.cast(self._numbers, "int32"), (-1,))
        for average in self._averages:
            average.assign(self._spread(self._shift(average, numbers), numbers, average.shape))
        self._values.assign(self._shift(weights, numbers))
        return self._spread(self._values, numbers, weights.shape)

    def _shift(self, weights: Any, numbers: Any) -> Any:
        """The values and the mean distances of these weights from them; zero stays."""
        count = len(self._moves)
        steps = ops.reshape(weights, (-1,)) - ops.take(self._values, numbers)
        members = ops.segment_sum(ops.ones_like(steps), numbers, num_segments=count)
        sums = ops.segment_sum(steps, numbers, num_segments=count)
        return self._values + sums / members * self._moves

    def _spread(self, values: Any, numbers: Any, shape: Any) -> Any:
        return ops.reshape(ops.take(values, numbers), shape)


def table_of(clusters: Clusters) -> Mapping[str, int]:
    """One number for all is a table, too."""
    return clusters if isinstance(clusters, Mapping) else {"*": clusters}


def check(clusters: Clusters, init: str) -> None:
    """Raises ValueError for numbers of clusters and starts that are none."""
    pick(INITS, init, "init")
    for count in table_of(clusters).values():
        if not isinstance(count, int) or count < 2:
            raise ValueError(f"clusters is a whole number, 2 or more. Received: {count!r}")
