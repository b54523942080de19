"""The progress bar of a training: epoch, losses, metrics, time left."""

from __future__ import annotations

import time

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

SECONDS_BETWEEN = 0.2  # between two drawings of the bar


class Progress(keras.callbacks.Callback):
    """Draws one bar for all epochs on standard error; prints nothing where that is no terminal.

    A context, so that the bar ends however the training ends.
    """

    def __init__(self, epochs: int, steps: int):
        super().__init__()
        self._epochs = epochs
        self._steps = steps
        self._drawn_s = 0.0
        self._bar = Bar(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )

    def on_train_begin(self, logs=None):
        total = self._epochs * self._steps
        self._task = self._bar.add_task("", total=total, epoch=f"0/{self._epochs}", figures="")
        if self._bar.console.is_terminal:
            self._bar.start()

    def on_epoch_begin(self, epoch, logs=None):
        self._done = epoch * self._steps
        self._bar.update(self._task, epoch=f"{epoch + 1}/{self._epochs}")

    def on_train_batch_end(self, batch, logs=None):
        now_s = time.monotonic()
        if now_s - self._drawn_s > SECONDS_BETWEEN:
            self._drawn_s = now_s
            self._bar.update(self._task, completed=self._done + batch + 1)

    def on_epoch_end(self, epoch, logs=None):
        figures = " ".join(
            f"{name.removeprefix('val_').replace('_', ' ')} {value:.3f}"
            for name, value in (logs or {}).items()
            if name == "val_loss" or (name.startswith("val_") and name.endswith("accuracy"))
        )
        self._bar.update(self._task, completed=self._done + self._steps, figures=figures)

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        if self._bar.live.is_started:
            self._bar.stop()  # on Ctrl-C too: it brings the cursor back
