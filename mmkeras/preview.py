"""A sheet of samples as a model sees them in training: pictures, spectrograms, tokens, labels."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.augment import Variation, chosen
from mmkeras.dataset import Batches
from mmkeras.modalities import Audio
from mmkeras.prepared import Prepared
from mmkeras.targets import LABELS, labelled
from mmkeras.training import Training
from mmkeras_edge.specs import PAD_ID, presence_name
from mmkeras_edge.text import read_tokenizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, PALE = "#333333", "#888888"
CELL_INCHES = 2.0
DPI = 100
LINES = 6  # of tokens in a cell
SHARE = 0.005  # below which the other of two mixed labels is not worth a word


def draw_preview(
    data: Prepared, path: str | os.PathLike[str], training: Training, rows: int = 6
) -> Path:
    """Writes a PNG, complete or not at all: a line a sample, first as it is, then as it is varied.

    The rows are spread over all; the variation is that of the first step of a training with this
    seed, had it these rows alone. What is absent stays empty.
    """
    from mmkeras.canvas import Canvas

    count = min(rows, len(data))
    data = data.rows(np.linspace(0, len(data) - 1, count).astype(int))
    kinds = {name: data.manifest.kinds[name] for name in data.inputs}
    variation = Variation(chosen(training.augment, kinds), kinds, training.mix)
    plain = Batches(data, count)[0]
    varied = Batches(data, count, augment=variation, seed=training.seed)[0]
    columns = 2 * len(kinds)
    size = (CELL_INCHES * columns, CELL_INCHES * 1.12 * count + 0.6)
    figure = Canvas(figsize=size, dpi=DPI, layout="constrained")
    figure.suptitle(_title(training), color=INK, fontsize=11)
    grid = figure.subplots(count, columns, squeeze=False)
    for block, (feed, answers, *_) in enumerate((plain, varied)):
        for place, (name, kind) in enumerate(kinds.items()):
            cells = grid[:, block * len(kinds) + place]
            cells[0].set_title(f"{name}{', as it is' if not block else ''}", fontsize=9, color=INK)
            _draw_column(cells, data, name, kind, feed)
        for row, cell in enumerate(grid[:, block * len(kinds)]):
            text = "\n".join(_label(data, name, of[row]) for name, of in answers.items())
            cell.set_xlabel(text, fontsize=8, color=INK, loc="left")
    return figure.write(Path(path))


def _title(training: Training) -> str:
    names = training.augment if isinstance(training.augment, tuple) else ("usual",)
    said = "nothing" if training.augment is False or not names else ", ".join(names)
    mix = "" if training.mix == "none" else f", then {training.mix}"
    return f"Left as prepared, right as a training sees it: {said}{mix} (seed {training.seed})"


def _draw_column(cells: Any, data: Prepared, name: str, kind: str, feed: Any) -> None:
    values = _spectrograms(data, name, feed[name]) if kind == "audio" else feed[name]
    there = feed.get(presence_name(name), np.ones(len(values)))
    for cell, value, present in zip(cells, values, there, strict=True):
        cell.set_xticks([])
        cell.set_yticks([])
        if present:
            DRAWN[kind](cell, data, name, value)
        else:
            cell.text(0.5, 0.5, "absent", ha="center", va="center", color=PALE, fontsize=9)


def _spectrograms(data: Prepared, name: str, waveforms: np.ndarray) -> np.ndarray:
    """What the graph's own layer makes of samples, (rows, frames, bands)."""
    import keras

    from mmkeras.branches.log_mel import LogMel

    source = data.recipe.inputs[name]
    assert isinstance(source, Audio)
    return keras.ops.convert_to_numpy(LogMel.of(source.spec)(waveforms))[..., 0]


def _draw_picture(cell: Axes, data: Prepared, name: str, value: np.ndarray) -> None:
    """Views and frames side by side."""
    cell.imshow(value if value.ndim == 3 else np.concatenate(list(value), axis=1), aspect="equal")


def _draw_spectrogram(cell: Axes, data: Prepared, name: str, value: np.ndarray) -> None:
    cell.imshow(value.T, origin="lower", aspect="auto", cmap="magma", vmin=-2, vmax=2)


def _draw_tokens(cell: Axes, data: Prepared, name: str, value: np.ndarray) -> None:
    tokenizer = read_tokenizer(data.tokenizer_json or "")
    tokens = [tokenizer.decode([i]).strip() or "_" for i in value[value != PAD_ID].tolist()]
    lines = textwrap.wrap(" · ".join(tokens), 24) or ["(none)"]
    more = [*lines[: LINES - 1], "..."] if len(lines) > LINES else lines
    cell.text(0.03, 0.95, "\n".join(more), va="top", fontsize=8, color=INK)


def _draw_readings(cell: Axes, data: Prepared, name: str, value: np.ndarray) -> None:
    """Each channel about its mean, by its own size: units differ."""
    spread = value - value.mean(axis=0)
    cell.plot(spread / np.maximum(np.abs(spread).max(axis=0), 1e-9), lw=0.8)
    cell.set_ylim(-1.1, 1.1)


def _draw_record(cell: Axes, data: Prepared, name: str, value: np.ndarray) -> None:
    fields = data.recipe.specs[name].fields  # type: ignore[union-attr]
    lines = [f"{field} {number:g}" for field, number in zip(fields, value, strict=True)]
    cell.text(0.03, 0.95, "\n".join(lines[:8]), va="top", fontsize=8, color=INK)


DRAWN: dict[str, Callable[[Any, Prepared, str, np.ndarray], None]] = {  # by kind
    "image": _draw_picture,
    "video": _draw_picture,
    "audio": _draw_spectrogram,
    "text": _draw_tokens,
    "sensor": _draw_readings,
    "table": _draw_record,
}


def _label(data: Prepared, name: str, value: np.ndarray) -> str:
    """Of one row, or of two in one: "animal: cat 0.71, dog 0.29"."""
    if np.ndim(value) < 2:
        return f"{name}: {_words(data, name, np.asarray(value))}"
    both: dict[str, float] = {}
    for weight, *label in value.tolist():
        if weight > SHARE:
            of = np.array(label if len(label) > 1 or _is_wide(data, name) else label[0])
            words = _words(data, name, of)
            both[words] = both.get(words, 0) + weight
    return f"{name}: " + (", ".join(f"{words} {of:.2f}" for words, of in both.items()) or "unknown")


def _is_wide(data: Prepared, name: str) -> bool:
    return data.targets[name].ndim == 2


def _words(data: Prepared, name: str, value: np.ndarray) -> str:
    task: Any = data.recipe.outputs[name]
    if not labelled(value[None])[0]:
        return "unknown"
    if task.kind not in LABELS:
        return f"{float(value[0]):g}"
    labels = task.spec.labels
    if task.kind == "multilabel":
        return "|".join(label for label, on in zip(labels, value, strict=True) if on) or "none"
    return labels[int(value if value.ndim == 0 else value[0])]
