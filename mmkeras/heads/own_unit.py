"""Numbers of a Dense to numbers in the label's own unit."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

NARROWEST = 1e-3  # standard deviation of an answer, in those of the labels: it is divided by


def softplus(x):
    """log(1 + exp(x)), never below 0, of operations that the device has."""
    return ops.relu(x) + ops.log(1.0 + ops.exp(-ops.abs(x)))


def value(numbers, mean, deviation):
    """μ + σ n: (..., 1) -> (..., 1)."""
    return mean + deviation * numbers


def mean_and_deviation(numbers, mean, deviation):
    """μ + σ n_1 and σ softplus(n_2): (..., 2) -> (..., 2)."""
    spread = deviation * (softplus(numbers[..., 1:]) + NARROWEST)
    return ops.concatenate([mean + deviation * numbers[..., :1], spread], axis=-1)


def rate(numbers, mean, deviation):
    """μ exp(n): (..., 1) -> (..., 1)."""
    return mean * ops.exp(numbers)


def rising(numbers, mean, deviation):
    """μ + σ (n_1 + softplus(n_2) + ... + softplus(n_l)), which cannot cross: (..., L) -> (..., L).

    The running sum is a product with a triangle of ones.
    """
    steps = ops.concatenate([numbers[..., :1], softplus(numbers[..., 1:])], axis=-1)
    triangle = np.triu(np.ones((numbers.shape[-1],) * 2, "float32"))
    return mean + deviation * ops.matmul(steps, triangle)


FORMS = {  # by kind of task
    "regress": value,
    "gaussian": mean_and_deviation,
    "count": rate,
    "quantiles": rising,
}


@keras.saving.register_keras_serializable("mmkeras")
class OwnUnit(layers.Layer):
    """A form of `FORMS` with the mean μ and the standard deviation σ of the training labels.

    Until it is shown labels, μ is 0 (1 for counts) and σ is 1. Float on the device too: the steps
    of int8 would be those of the label.
    """

    keep_float = True

    def __init__(self, form, adapts_to, **kwargs):
        super().__init__(**kwargs)
        self.form = form
        self.adapts_to = adapts_to

    def build(self, shape):
        def statistic(name, start):
            return self.add_weight((), start, trainable=False, name=name)

        self.mean = statistic("mean", "ones" if self.form == "count" else "zeros")
        self.deviation = statistic("deviation", "ones")
        self.seen = statistic("seen", "zeros")  # 1 when adapted; a weight, so that it is saved

    @property
    def adapted(self) -> bool:
        return bool(ops.convert_to_numpy(self.seen))

    @property
    def scale(self) -> float:
        """The standard deviation of the training labels."""
        return float(ops.convert_to_numpy(self.deviation))

    def adapt(self, data, name):
        """Takes mean and standard deviation of the labels that rows have.

        Raises ValueError if none has one.
        """
        labels = data.targets[name]
        labels = labels[np.isfinite(labels)].astype(np.float64)
        if not len(labels):
            raise ValueError(f"no training row has a label for {name!r}; give rows that have")
        mean = labels.mean()
        self.mean.assign(max(mean, 1 / len(labels)) if self.form == "count" else mean)
        self.deviation.assign(labels.std() or 1.0)
        self.seen.assign(1.0)

    def call(self, numbers):
        return FORMS[self.form](numbers, self.mean, self.deviation)

    def get_config(self):
        return {**super().get_config(), "form": self.form, "adapts_to": self.adapts_to}


def own_unit(task, name: str, output: str | None = None) -> layers.Layer:
    """The `read` of every head whose answer is a number."""
    return OwnUnit(task.kind, output or name, name=name, dtype="float32")
