"""Several losses at once: how much each one weighs while the model trains.

fixed         the weights of the tasks as they are given
uncertainty   times 1 / loss: a task counts by how much of its loss is left
gradnorm      times what makes their gradients alike where the modalities meet
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.dataset import Batches
from mmkeras.distribution import replicas
from mmkeras.losses import AS_IT_IS, Wanted, loss_of_each
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras.targets import filled, labelled
from mmkeras_edge.inputs import pick

SOLVED = 1e-3  # a loss far below it is learned: it gains no more weight
ALPHA = 1.5  # how much a task that lags is pulled along; Chen et al. use 0.12 to 1.5
UPDATES = 4  # of the weights in an epoch
KEPT = 0.5  # of the old weights in an update

Losses = dict[str, keras.losses.Loss]  # by output


@keras.saving.register_keras_serializable("mmkeras")
class LogLoss(keras.losses.Loss):
    """log(L), of the mean L over a batch: its gradient is that of L / L.

    The weight 1 / σ² of Kendall et al., "Multi-task learning using uncertainty", CVPR 2018, with
    the σ² that is best for a given loss, σ² = L: Kirchdorfer et al., "Analytical uncertainty-based
    loss weighting", GCPR 2024.
    """

    def __init__(self, loss, name="log_loss", **kwargs):
        super().__init__(name, **kwargs)
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        shares = replicas()  # by which Keras has divided the loss, not its logarithm
        return ops.log(shares * self.loss(y_true, y_pred, sample_weight) + SOLVED) / shares

    def get_config(self):
        inner = keras.saving.serialize_keras_object(self.loss)
        return {**super().get_config(), "loss": inner}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


@keras.saving.register_keras_serializable("mmkeras")
class WeighedLoss(LogLoss):
    """w L, with a weight that may change between two steps."""

    def __init__(self, loss, weight=1.0, name="weighed_loss", **kwargs):
        super().__init__(loss, name, **kwargs)
        self.weight = keras.Variable(weight, trainable=False, name="weight")

    def __call__(self, y_true, y_pred, sample_weight=None):
        return self.weight * self.loss(y_true, y_pred, sample_weight)

    def get_config(self):
        return {**super().get_config(), "weight": float(ops.convert_to_numpy(self.weight))}


WRAPPERS = {"fixed": lambda loss: loss, "uncertainty": LogLoss, "gradnorm": WeighedLoss}


def losses_for(
    model: keras.Model,
    recipe: Recipe,
    balance: str = "fixed",
    wanted: Wanted = AS_IT_IS,
    targets: Mapping[str, np.ndarray] | None = None,
) -> Losses:
    """The loss of each output, to be multiplied by its task's weight; alone, there is no balance.

    `wanted` and the training labels `targets` are for `mmkeras.losses`. Raises ValueError for an
    unknown balance, for "gradnorm" on another backend than TensorFlow, and for what it raises.
    """
    wrap = pick(WRAPPERS, balance, "balance")
    if balance == "gradnorm" and keras.backend.backend() != "tensorflow":
        raise ValueError(
            'balance="gradnorm" runs on the TensorFlow backend alone; take "uncertainty", or set '
            f"KERAS_BACKEND=tensorflow. Received: {keras.backend.backend()}"
        )
    losses = loss_of_each(model, recipe, wanted, targets)
    return losses if len(losses) == 1 else {name: wrap(loss) for name, loss in losses.items()}


def callbacks_for(
    losses: Losses, recipe: Recipe, batches: Batches
) -> list[keras.callbacks.Callback]:
    """What has to run beside a training with these losses."""
    weighed = {name: loss for name, loss in losses.items() if isinstance(loss, WeighedLoss)}
    weights = {name: task.weight for name, task in recipe.outputs.items()}
    if not weighed:
        return []
    steps = -(-len(batches.data) // batches.batch_size)  # of a whole epoch
    probe = probe_of(batches.data, batches.batch_size)
    return [GradNorm(weighed, weights, probe, every=max(1, steps // UPDATES))]


def probe_of(data: Prepared, rows: int) -> tuple[dict, dict, dict]:
    """Inputs, labels and their weights of so many rows, those with most labels before others.

    Always the same ones, so that a training that was broken off goes on alike, and as they are,
    without augmentation.
    """
    order = np.random.default_rng(0).permutation(len(data))
    labels = np.sum([labelled(of) for of in data.targets.values()], axis=0)
    chosen = order[np.argsort(-labels[order], kind="stable")][:rows]
    answers = data.answers(chosen)
    weights = {name: labelled(of).astype(np.float32) for name, of in answers.items()}
    return data.feed(chosen), {name: filled(of) for name, of in answers.items()}, weights


class GradNorm(keras.callbacks.Callback):
    """Gives each loss the weight w ∝ (L / L_0)^α / |∇L|, the sum of all w their number.

    Chen et al., "GradNorm", ICML 2018, eq. 1 and 2, solved instead of followed: the gradients, of
    the last weights that all outputs share, are measured a few times an epoch. Puts the validation
    loss of each output, in those it began with, into `val_loss`: under changing weights, epochs
    could not be compared.
    """

    def __init__(
        self,
        losses: Mapping[str, WeighedLoss],
        weights: Mapping[str, float],
        probe: tuple[dict, dict, dict],
        every: int,
    ):
        super().__init__()
        self._losses = losses
        self._weights = weights
        self._probe = probe
        self._every = every
        self._step = 0
        self._first: dict[str, float] = {}
        self._updated = False

    def on_train_batch_begin(self, batch, logs=None):
        self._step += 1
        if (self._step - 1) % self._every:
            return
        losses, norms = gradient_norms(self.model, self._losses, *self._probe)
        names = [name for name in losses if losses[name] > 0 and norms[name] > 0]
        for name in names:  # not of a batch without one of its labels
            self._first.setdefault(name, losses[name])
        if len(names) < len(self._losses):
            return
        left = np.array([losses[name] / self._first[name] for name in names])
        wanted = (left / left.mean()) ** ALPHA / np.array([norms[name] for name in names])
        for name, weight in zip(names, len(names) * wanted / wanted.sum(), strict=True):
            variable = self._losses[name].weight
            kept = KEPT if self._updated else 0.0
            variable.assign(kept * variable + (1 - kept) * weight)
        self._updated = True

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on as if there had been no break, for JSON."""
        weights = {name: float(ops.convert_to_numpy(w.weight)) for name, w in self._losses.items()}
        own = {"step": self._step, "first": dict(self._first), "updated": self._updated}
        return {**own, "weights": weights}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._step = state["step"]
        self._first = dict(state["first"])
        self._updated = state["updated"]
        for name, loss in self._losses.items():
            loss.weight.assign(state["weights"][name])

    def on_epoch_end(self, epoch, logs=None):
        if logs and "val_loss" in logs:
            logs["val_loss"] = sum(
                self._weights[name]
                * logs[f"val_{name}_loss"]
                / float(ops.convert_to_numpy(loss.weight))
                / self._first.get(name, 1.0)
                for name, loss in self._losses.items()
            )


def gradient_norms(
    model: keras.Model, losses: Mapping[str, WeighedLoss], feed, answers, weights=None
) -> tuple[dict[str, float], dict[str, float]]:
    """Each output's loss, before its weight, and the norm of its gradient at the shared weights."""
    import tensorflow as tf

    shared = shared_weights(model)
    with tf.GradientTape(persistent=True) as tape:
        found = model(feed, training=False)
        values = {
            name: loss.loss(answers[name], found[name], weights and weights[name])
            for name, loss in losses.items()
        }
    norms = {}
    for name, value in values.items():
        gradients = tape.gradient(value, [weight.value for weight in shared])
        norms[name] = float(tf.linalg.global_norm([g for g in gradients if g is not None]))
    return {name: float(value) for name, value in values.items()}, norms


def shared_weights(model: keras.Model) -> Sequence[keras.Variable]:
    """The kernels that bring each modality to the fusion: all outputs go through them."""
    return [
        layer.kernel
        for layer in model.layers
        if layer.name.endswith("_feature") and isinstance(layer, keras.layers.Dense)
    ]
