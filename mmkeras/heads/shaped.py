"""Cross-entropies of labels with smoothing, focus and class weights."""

from __future__ import annotations

from typing import NamedTuple

import keras
from keras import ops


class Shape(NamedTuple):
    """How a loss of labels departs from the plain cross-entropy.

    `smoothing` ε is the share of the truth that is spread evenly over all labels: Szegedy et al.,
    "Rethinking the Inception architecture", CVPR 2016, section 7. `gamma` γ multiplies the loss by
    (1 - p)^γ, p the probability of the truth, so that what is right already counts little: Lin et
    al., "Focal loss for dense object detection", ICCV 2017, eq. 4; 0 is none. `weights` is one
    number a class, or (of no, of yes) a label; () counts all alike.
    """

    smoothing: float = 0.0
    gamma: float = 0.0
    weights: tuple = ()


PLAIN = Shape()
SHAPES = ("label_smoothing", "focal", "class_weights")


class _Shaped(keras.losses.Loss):
    def __init__(self, shape, reduction, name, **kwargs):
        super().__init__(name, reduction, **kwargs)
        smoothing, gamma, weights = shape
        self.shape = Shape(smoothing, gamma, _tuples(weights))

    def get_config(self):
        return {**super().get_config(), "shape": list(self.shape)}


@keras.saving.register_keras_serializable("mmkeras")
class ClassLoss(_Shaped):
    """-w_y (1 - p_y)^γ Σ_c t_c log p_c, t = (1 - ε) onehot(y) + ε / C.

    Ids (B,), probabilities (B, C) -> (B,).
    """

    def __init__(
        self, shape=PLAIN, reduction="mean_with_sample_weight", name="class_loss", **kwargs
    ):
        super().__init__(shape, reduction, name, **kwargs)

    def call(self, y_true, y_pred):
        smoothing, gamma, weights = self.shape
        classes = y_pred.shape[-1]
        ids = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        truth = ops.one_hot(ids, classes, dtype=y_pred.dtype)
        told = (1.0 - smoothing) * truth + smoothing / classes
        # Of keras.ops: on TensorFlow it finds the logits behind the probabilities, which keeps the
        # gradient of an answer that is wrong beyond the float's reach.
        loss = ops.categorical_crossentropy(told, y_pred)
        if gamma:
            loss = loss * _unsure(ops.sum(truth * y_pred, axis=-1), gamma)
        return loss * ops.take(_numbers(weights, y_pred), ids) if weights else loss


@keras.saving.register_keras_serializable("mmkeras")
class YesNoLoss(_Shaped):
    """-w (1 - p)^γ (t log q + (1 - t) log(1 - q)), the mean over the labels.

    t = (1 - ε) y + ε / 2, q the probability of yes, p that of the truth, w the truth's weight.
    Labels (B, L) of 0 and 1, probabilities (B, L) -> (B,).
    """

    def __init__(
        self, shape=PLAIN, reduction="mean_with_sample_weight", name="yes_no_loss", **kwargs
    ):
        super().__init__(shape, reduction, name, **kwargs)

    def call(self, y_true, y_pred):
        smoothing, gamma, weights = self.shape
        truth = ops.cast(y_true, y_pred.dtype)
        loss = ops.binary_crossentropy((1.0 - smoothing) * truth + smoothing / 2, y_pred)
        if gamma:
            loss = loss * _unsure(truth * y_pred + (1.0 - truth) * (1.0 - y_pred), gamma)
        if weights:
            each = _numbers(weights, y_pred)  # (L, 2)
            loss = loss * (truth * each[:, 1] + (1.0 - truth) * each[:, 0])
        return ops.mean(loss, axis=-1)


def _unsure(right, gamma):
    """(1 - p)^γ, of a p that rounding may have brought above 1."""
    return ops.power(ops.maximum(1.0 - right, 0.0), gamma)


def _numbers(weights, like):
    return ops.convert_to_tensor(weights, like.dtype)


def _tuples(weights):
    """What JSON made lists of."""
    return tuple(tuple(w) if isinstance(w, list | tuple) else float(w) for w in weights)
