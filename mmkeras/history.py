"""The figures of a training, epoch by epoch: as CSV, and as a picture."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

HISTORY, PICTURE = "history.csv", "history.png"

History = dict[str, list[float]]  # by figure, an entry an epoch


def append(history: History, figures: Mapping[str, float]) -> None:
    """An epoch's figures; one that an epoch does not have is NaN there.

    >>> history = {"loss": [2.0]}
    >>> append(history, {"loss": 1.0, "val_loss": 3.0})
    >>> history
    {'loss': [2.0, 1.0], 'val_loss': [nan, 3.0]}
    """
    before = max(map(len, history.values()), default=0)
    for name in [*history, *(name for name in figures if name not in history)]:
        column = history.setdefault(name, [math.nan] * before)
        column.append(float(figures.get(name, math.nan)))


def write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """A line an epoch, complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    with open(part, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("epoch", *history))
        writer.writerows(
            (epoch, *row) for epoch, row in enumerate(zip(*history.values(), strict=True), 1)
        )
    os.replace(part, path)


def read_history(path: Path) -> History:
    """What `write_history` wrote."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else ()) if name != "epoch"]
    return {name: [float(row[name]) for row in rows] for name in names}


def draw_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """A panel for the loss and for each figure that was also measured on the validation rows."""
    from matplotlib.ticker import MaxNLocator

    from mmkeras.canvas import Canvas

    shown = [name for name in history if f"val_{name}" in history]
    # With several outputs, the loss of each is part of the whole one.
    shown = [name for name in shown if name == "loss" or not name.endswith("_loss")]
    if not shown:
        return
    figure = Canvas(figsize=(4.2 * len(shown), 3.2), layout="constrained")
    epochs = range(1, len(history["loss"]) + 1)
    for axes, name in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            axes.plot(epochs, history[column], marker=".", label=label)
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    figure.axes[0].legend()
    figure.write(path, 110)
