"""Which epochs were good: the best are kept, and a training that has stopped gaining ends."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

import keras

from mmkeras.adapting import scale_of
from mmkeras.averaging import Best
from mmkeras.ema import averaged
from mmkeras.heads import HEADS
from mmkeras.recipe import Recipe
from mmkeras.training import Training

COUNTS = "counts"  # a callback that logs it as 0 takes an epoch out of the choice
RISING = ("accuracy", "auc", "precision", "recall", "f1", "score")  # higher is better, else lower


class Score:
    """How good an epoch is, higher is better, from its logs.

    "loss" is the validation loss; "score" the mean over the outputs of the accuracy, or of
    1 - mean absolute error / standard deviation of the labels; else the name of a figure.
    """

    def __init__(self, monitor: str, model: keras.Model, recipe: Recipe):
        self._monitor = monitor
        outputs = list(recipe.outputs)
        # Keras names the metrics of a single output without it.
        self._prefix = {n: f"val_{n}_" if len(outputs) > 1 else "val_" for n in outputs}
        self._scale = {name: scale_of(model, name) for name in outputs}

    def __call__(self, logs: Mapping[str, float]) -> float:
        """Raises ValueError for a monitor that the logs do not have."""
        if self._monitor == "loss":
            return -logs["val_loss"]
        if self._monitor == "score":
            return sum(self._of(name, logs) for name in self._prefix) / len(self._prefix)
        _check(self._monitor, logs)
        value = logs[self._monitor]
        return value if self._monitor.endswith(RISING) else -value

    def _of(self, name: str, logs: Mapping[str, float]) -> float:
        prefix = self._prefix[name]
        if f"{prefix}accuracy" in logs:
            return logs[f"{prefix}accuracy"]
        return 1.0 - logs[f"{prefix}mae"] / self._scale[name]


def check_monitor(training: Training, recipe: Recipe, callbacks: bool) -> None:
    """Raises ValueError, before the first batch, for what will be no figure of the training.

    Other `callbacks` may add figures to its logs, but none to those that a soup is chosen by.
    """
    if (callbacks or training.modality_balance != "none") and training.soup == 1:
        return  # seen after the first epoch
    figures = ["loss"]
    for name, task in recipe.outputs.items():
        own = [metric.name for metric in HEADS[task.kind].metrics(task)]
        several = len(recipe.outputs) > 1
        figures += [f"{name}_{figure}" for figure in ("loss", *own)] if several else own
    known = [f"{prefix}{figure}" for figure in figures for prefix in ("", "val_")]
    _check(training.monitor, ["loss", "score", *known])


def _check(monitor: str, known: Collection[str]) -> None:
    if monitor not in known:
        near = difflib.get_close_matches(monitor, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"monitor={monitor!r} is no figure of this training; choose 'loss', 'score' "
            f"or one of {', '.join(known)}{hint}"
        )


class Keep(keras.callbacks.Callback):
    """Offers each epoch to `best`, and ends a training that has no better one for `patience`."""

    def __init__(self, best: Best, score: Score, patience: int | None):
        super().__init__()
        self._best = best
        self._score = score
        self._patience = patience
        self._highest = -math.inf
        self._waited = 0
        self.stopped = False  # by another callback, which comes before this one

    @property
    def done(self) -> bool:
        """Whether it has waited long enough: a phase may end so, and another follow."""
        return self._patience is not None and self._waited >= self._patience

    def on_epoch_end(self, epoch, logs=None):
        self.stopped = bool(self.model.stop_training)
        logs = logs or {}
        score = self._score(logs)
        if not logs.get(COUNTS, 1.0) or not math.isfinite(score):
            return
        with averaged(self.model):  # which are what was measured
            self._best.offer(score, epoch, self.model.get_weights())
        self._waited = 0 if score > self._highest else self._waited + 1
        self._highest = max(self._highest, score)
        if self.done:
            self.model.stop_training = True

    def state(self) -> dict[str, Any]:
        """What a resumed training needs to know."""
        return {"highest": self._highest, "waited": self._waited, "stopped": self.stopped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from a `state()`."""
        self._highest, self._waited = state["highest"], state["waited"]
        self.stopped = state["stopped"]
