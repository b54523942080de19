"""A number, a number with its uncertainty, a count, or the quantiles of a number."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from mmkeras.heads.head import Head
from mmkeras.heads.measures import (
    Measure,
    covered,
    covered_normal,
    crps,
    deviance,
    mae,
    pinball,
    r2,
    rmse,
)
from mmkeras.heads.own_unit import NARROWEST, own_unit
from mmkeras.tasks import Quantiles, Task
from mmkeras_edge.outputs import QuantilesSpec
from mmkeras_edge.readings import central

TINY = 1e-12  # keeps a logarithm finite


def squared_error(y, answer, levels):
    """(y - ŷ)²: (B, 1), (B, 1) -> (B, 1)."""
    return ops.square(y - answer)


def gaussian_loss(y, answer, levels):
    """½ ((y - μ) / s)² + log(s / s_0), s_0 the narrowest s there is: (B, 1), (B, 2) -> (B, 1).

    Nix and Weigend, "Estimating the mean and variance of the target probability distribution",
    ICNN 1994, eq. 5, but for a constant.
    """
    mean, spread = answer[..., :1], answer[..., 1:]
    return 0.5 * ops.square((y - mean) / spread) + ops.log(spread / NARROWEST)


def count_loss(y, answer, levels):
    """y log(y / λ) - y + λ, half of Poisson's deviance: (B, 1), (B, 1) -> (B, 1)."""
    logs = ops.log(ops.maximum(y, TINY) / ops.maximum(answer, TINY))
    return y * logs - y + answer


def pinball_loss(y, answer, levels):
    """max(τ (y - q), (τ - 1) (y - q)) for each level τ: (B, 1), (B, L) -> (B, L).

    Koenker and Bassett, "Regression quantiles", Econometrica 1978.
    """
    error, levels = y - answer, ops.convert_to_tensor(levels, answer.dtype)
    return ops.maximum(levels * error, (levels - 1.0) * error)


LOSSES = {  # by kind of task
    "regress": squared_error,
    "gaussian": gaussian_loss,
    "count": count_loss,
    "quantiles": pinball_loss,
}


@keras.saving.register_keras_serializable("mmkeras")
class InDeviations(keras.losses.Loss):
    """A loss of `LOSSES` over labels and answers that are divided by `scale`, (B, ...) -> (B,).

    That is the standard deviation of the training labels, so that outputs of different units weigh
    alike. None of them is below 0.
    """

    def __init__(
        self,
        form,
        scale=1.0,
        levels=(),
        reduction="mean_with_sample_weight",
        name="in_deviations",
        **kwargs,
    ):
        super().__init__(name, reduction, **kwargs)
        self.form = form
        self.scale = scale
        self.levels = tuple(levels)

    def call(self, y_true, y_pred):
        y = ops.cast(y_true, y_pred.dtype) / self.scale
        return ops.mean(LOSSES[self.form](y, y_pred / self.scale, self.levels), axis=-1)

    def get_config(self):
        own = {"form": self.form, "scale": self.scale, "levels": list(self.levels)}
        return {**super().get_config(), **own}


def _loss(task: Task, scale: float = 1.0) -> keras.losses.Loss:
    return InDeviations(task.kind, scale, getattr(task, "levels", ()))


@keras.saving.register_keras_serializable("mmkeras")
def absolute_error(y_true, y_pred, place):
    """|y - ŷ| of one column of the answers: (B, 1), (B, values) -> (B,)."""
    return ops.abs(ops.cast(y_true, y_pred.dtype)[:, 0] - y_pred[:, place])


def _metrics(task: Task) -> list[keras.metrics.Metric]:
    place = central(task.levels) if isinstance(task, Quantiles) else 0
    return [keras.metrics.MeanMetricWrapper(absolute_error, "mae", place=place)]


def _quantiles(spec: QuantilesSpec, truth: np.ndarray) -> np.ndarray:
    return np.quantile(truth, spec.levels)


MAE, RMSE = Measure("mae", mae, higher=False), Measure("rmse", rmse, higher=False)

REGRESS = Head(
    lambda task: 1,
    own_unit,
    _loss,
    _metrics,
    measures=(MAE, RMSE, Measure("r2", r2)),
    constant=lambda spec, truth: np.array([np.median(truth)]),
)

GAUSSIAN = Head(
    lambda task: 2,
    own_unit,
    _loss,
    _metrics,
    measures=(
        Measure("crps", crps, higher=False),
        MAE,
        RMSE,
        Measure("in_90_percent", covered_normal),
    ),
    constant=lambda spec, truth: np.array([truth.mean(), truth.std()]),
)

COUNT = Head(
    lambda task: 1,
    own_unit,
    _loss,
    _metrics,
    measures=(Measure("deviance", deviance, higher=False), MAE, RMSE),
    constant=lambda spec, truth: np.array([truth.mean()]),
)

QUANTILES = Head(
    lambda task: len(task.levels),
    own_unit,
    _loss,
    _metrics,
    measures=(
        Measure("pinball", pinball, higher=False),
        MAE,
        Measure("in_interval", covered),
    ),
    constant=_quantiles,
)
