"""The progress of a training: a bar on a terminal, a line an epoch everywhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

SECONDS_BETWEEN = 0.2  # between two drawings of the bar
COLUMNS = 120  # of a line in a file
WIDTHS = {"epoch": 7, "rate": 7, "time": 8}  # the widest in it: 100/100, 1.0e-03, 1:15 min
WIDTH = 5  # of another: 0.123


class Progress(keras.callbacks.Callback):
    """Writes to standard error: a line for each epoch that is done, and on a terminal below them a
    bar for the one that runs. A context, so that the bar ends however the training ends.

    A line has the loss and the first metric of each output, of the training and behind it of the
    validation rows, as many as fit, the learning rate and the time; rows a second too, where an
    epoch of so many `steps` has so many `rows`. `fit` may be called several times within it.
    """

    def __init__(
        self,
        epochs: int,
        steps: int,
        rows: int = 0,
        console: Console | None = None,
    ):
        super().__init__()
        self._epochs = epochs
        self._steps = steps  # one that is gone on with has fewer
        self._rows = rows
        self._console = console or Console(stderr=True)
        self._drawn_s = self._begun_s = self._first_s = self._last_s = self._valid_s = 0.0
        self._epoch = 0
        self._titles: list[str] = []  # of the columns
        self._bar = Bar(
            TextColumn("{task.fields[epoch]}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
            transient=True,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=1, epoch="", figures="")

    def on_train_begin(self, logs=None):
        if self._console.is_terminal and not self._bar.live.is_started:
            self._bar.start()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch + 1
        self._begun_s = self._first_s = self._last_s = time.monotonic()
        place = f"epoch {self._epoch}/{self._epochs}"
        self._bar.reset(self._task, total=self.params["steps"], epoch=place, figures="")

    def on_train_batch_end(self, batch, logs=None):
        self._last_s = time.monotonic()
        if batch == 0:
            self._first_s = self._last_s
        if self._last_s - self._drawn_s > SECONDS_BETWEEN and self._bar.live.is_started:
            self._drawn_s = self._last_s
            self._draw(batch + 1, logs or {})

    def on_epoch_end(self, epoch, logs=None):
        now_s = time.monotonic()
        self._valid_s = now_s - self._last_s
        cells = self._cells(logs or {}, now_s)
        if list(cells) != self._titles:
            self._titles = list(cells)
            self._console.print(Text(_line(self._titles, self._titles)), soft_wrap=True)
        line = _line(self._titles, list(cells.values()))
        self._console.print(Text(line), soft_wrap=True)

    def _cells(self, logs: Mapping[str, Any], now_s: float) -> dict[str, str]:
        """A line of the table by its titles."""
        ends = {"rate": f"{self._rate():.1e}"}
        if self._rows:
            ends["rows/s"] = self._rows_per_s(self.params["steps"])
        ends["time"] = in_words(now_s - self._begun_s)
        metrics = main_metrics(logs, self.model.output_names)
        room = self._console.width if self._console.is_terminal else COLUMNS
        while True:
            shown = [name for of in ("loss", *metrics) for name in (of, f"val_{of}")]
            figures = {name: f"{logs[name]:.3f}" for name in shown if name in logs}
            cells = {"epoch": f"{self._epoch}/{self._epochs}", **figures, **ends}
            if not metrics or len(_line(list(cells), list(cells))) <= room:
                return cells
            metrics.pop()

    def _draw(self, done: int, logs: Mapping[str, Any]) -> None:
        steps = self.params["steps"] - done + (self._epochs - self._epoch) * self._steps
        left_s = steps * self._batch_s(done) + (self._epochs - self._epoch + 1) * self._valid_s
        names = ["loss", *main_metrics(logs, self.model.output_names)[:1]]
        figures = [f"{n.replace('_', ' ')} {logs[n]:.3f}" for n in names if n in logs]
        speed = [f"{self._rows_per_s(done)} rows/s"] if self._rows else []
        said = " · ".join([*figures, *speed, f"{in_words(left_s)} left"])
        self._bar.update(self._task, completed=done, figures=said, refresh=True)

    def _batch_s(self, done: int) -> float:
        """Of one batch; the first, which may compile, counts only where it is the only one."""
        if done > 1:
            return (self._last_s - self._first_s) / (done - 1)
        return self._last_s - self._begun_s

    def _rows_per_s(self, done: int) -> str:
        return f"{self._rows / self._steps / max(self._batch_s(done), 1e-9):,.0f}"

    def _rate(self) -> float:
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        if self._bar.live.is_started:
            self._bar.stop()  # on Ctrl-C too: it brings the cursor back


def _line(titles: Sequence[str], cells: Sequence[str]) -> str:
    """A column is as wide as its title, and as a figure or an epoch at least."""
    widths = [max(len(_title(title)), WIDTHS.get(title, WIDTH)) for title in titles]
    return "  ".join(_title(cell).rjust(width) for cell, width in zip(cells, widths, strict=True))


def _title(name: str) -> str:
    """Of a column; that of the validation rows stands behind that of the training rows."""
    return "valid" if name.startswith("val_") else name.replace("_", " ")


def main_metrics(logs: Mapping[str, Any], outputs: list[str]) -> list[str]:
    """The first metric of each output.

    >>> main_metrics({"loss": 1, "a_loss": 1, "a_accuracy": 0, "a_f1": 0, "b_mae": 2}, ["a", "b"])
    ['a_accuracy', 'b_mae']
    """
    metrics = [n for n in logs if not n.startswith("val_") and n != "loss"]
    metrics = [n for n in metrics if n not in {f"{output}_loss" for output in outputs}]
    if len(outputs) == 1:
        return metrics[:1]
    found = (next((n for n in metrics if n.startswith(f"{o}_")), None) for o in outputs)
    return [name for name in found if name is not None]


def in_words(seconds: float) -> str:
    """A span of time, as short as it is useful.

    >>> [in_words(s) for s in (0.4, 12.3, 75, 4000)]
    ['0.4 s', '12 s', '1:15 min', '1:06 h']
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 60:
        return f"{int(minutes)}:{int(seconds % 60):02} min"
    return f"{int(minutes // 60)}:{int(minutes % 60):02} h"
