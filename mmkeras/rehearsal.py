"""A training tried for a few steps: what it is, what it weighs, and how long it would take."""

from __future__ import annotations

import io
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from mmkeras.belonging import REST, branch_of
from mmkeras.dataset import Batches
from mmkeras.phases import phases_of
from mmkeras.recipe import Recipe
from mmkeras.train import Rows, fit
from mmkeras.training import Training

WARM_UP, TIMED = 1, 3  # steps; the first compiles
FLOAT_BYTES = 4
VALID_ROWS = 512  # two batches of validation: the first compiles


@dataclass(frozen=True)
class Part:
    """A piece of the model: what it takes and what it weighs."""

    name: str
    what: str
    takes: str
    parameters: int
    trained: int


@dataclass(frozen=True)
class Rehearsal:
    """What a training would be. Printed, it is a table and the figures."""

    parts: tuple[Part, ...]
    batch_bytes: int
    rows: Mapping[str, int]
    steps: int  # of an epoch
    epochs: int
    first_step_s: float
    step_s: float
    validation_s: float  # of an epoch
    most: bool = False  # whether some epochs will be shorter: towers are frozen, and computed once

    @property
    def parameters(self) -> int:
        return sum(part.parameters for part in self.parts)

    @property
    def float_bytes(self) -> int:
        """About what a float file has."""
        return FLOAT_BYTES * self.parameters

    @property
    def epoch_s(self) -> float:
        return self.steps * self.step_s + self.validation_s

    @property
    def all_s(self) -> float:
        return self.first_step_s + self.epochs * self.epoch_s

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        derived = ("parameters", "float_bytes", "epoch_s", "all_s")
        return {**asdict(self), **{name: getattr(self, name) for name in derived}}

    def __str__(self) -> str:
        text = io.StringIO()
        console = Console(file=text, width=100, force_jupyter=False, force_terminal=False)
        console.print(self._table())
        trained = sum(part.trained for part in self.parts)
        lines = (
            f"parameters    {self.parameters:,}, of which {trained:,} are trained",
            f"float file    about {_bytes(self.float_bytes)}",
            f"a batch       {_bytes(self.batch_bytes)}",
            f"rows          {self.rows['train']:,} to learn from, {self.rows['valid']:,} to choose "
            f"by; {self.steps:,} steps an epoch",
            f"first step    {_time(self.first_step_s)}, with compiling",
            f"a step        {_time(self.step_s)}, of {TIMED} timed",
            f"an epoch      about {_time(self.epoch_s)}",
            f"{self.epochs} epochs".ljust(14)
            + f"{'at most' if self.most else 'about'} {_time(self.all_s)}, on this machine",
        )
        return text.getvalue() + "\n".join(lines) + "\n"

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for title in ("part", "what", "takes"):
            table.add_column(title)
        for title in ("parameters", "trained"):
            table.add_column(title, justify="right")
        for part in self.parts:
            trained = f"{part.trained:,}" if part.trained else "frozen" * bool(part.parameters)
            table.add_row(part.name, part.what, part.takes, f"{part.parameters:,}", trained)
        return table


def rehearse(
    recipe: Recipe, train: Rows, valid: Rows, epochs: int, training: Training
) -> Rehearsal:
    """Trains for a warm-up step and three more, on as many rows as these take; stores nothing.

    What is done once before, as decoding the rows, is not in the estimate; an epoch in which towers
    that came with weights are frozen counts as one in which they train.
    """
    if training.batch_size == "auto":  # that is found on all rows
        training = replace(training, batch_size=Training().rows)
    some = _as_many(train, training.rows * (WARM_UP + TIMED))
    few = _as_many(valid, VALID_ROWS)
    clock = _Clock()
    alone = replace(training, warm_up=0.0, teacher_features=0.0)
    run = fit(recipe, some, few, 1, training=alone, callbacks=[clock])
    batch = Batches(run.prepare(some.rows(np.arange(training.rows))), training.rows)[0]
    step_s = float(np.median(np.diff(clock.steps_s)))
    return Rehearsal(
        parts=_parts(run.model, recipe),
        batch_bytes=sum(array.nbytes for of in batch for array in of.values()),
        rows={"train": len(train), "valid": len(valid)},
        steps=math.ceil(len(train) / training.rows),
        epochs=epochs,
        first_step_s=clock.steps_s[0] - clock.begun_s,
        step_s=step_s,
        validation_s=clock.validation_s / VALID_ROWS * 2 * len(valid),
        most=len(phases_of(recipe, epochs, training.frozen_share)) > 1,
    )


class _Clock(keras.callbacks.Callback):
    """When each step ended, in seconds, and how long the second batch of validation took."""

    begun_s = validation_s = 0.0

    def __init__(self):
        super().__init__()
        self.steps_s = []
        self._tests_s = []

    def on_epoch_begin(self, epoch, logs=None):
        self.begun_s = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.steps_s.append(time.perf_counter())

    def on_test_batch_end(self, batch, logs=None):
        self._tests_s.append(time.perf_counter())
        if len(self._tests_s) > 1:
            self.validation_s = self._tests_s[-1] - self._tests_s[-2]


def _as_many(rows: Rows, count: int) -> Rows:
    """So many rows, spread over all of them, and again where there are fewer."""
    if len(rows) >= count:
        return rows.rows(np.linspace(0, len(rows) - 1, count).astype(int))
    return rows.rows(np.resize(np.arange(len(rows)), count))


def _parts(model: keras.Model, recipe: Recipe) -> tuple[Part, ...]:
    """Each input's branch, what fuses them, and each output's head, by the names of the layers."""
    owners: dict[str, tuple[int, int]] = {}
    names = [*recipe.inputs, *recipe.outputs]
    for layer in model.layers:
        owner = branch_of(layer.name, names)
        parameters, trained = owners.get(owner, (0, 0))
        here = sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        owners[owner] = parameters + layer.count_params(), trained + here
    found = []
    for name, source in recipe.inputs.items():
        shape = "x".join(map(str, source.spec.shape))
        branch = source.branch if isinstance(source.branch, str) else "a model of your own"
        found.append(Part(name, branch, f"{shape} {source.spec.dtype}", *owners.get(name, (0, 0))))
    fusion = recipe.fusion if isinstance(recipe.fusion, str) else recipe.fusion["name"]
    found.append(Part("fusion", fusion, f"width {recipe.width}", *owners.get(REST, (0, 0))))
    for name, task in recipe.outputs.items():
        count = len(getattr(task.spec, "labels", ()))
        labels = f"{count} labels" if count else ""
        found.append(Part(name, task.kind, labels, *owners.get(name, (0, 0))))
    return tuple(found)


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7_200 else f"{seconds / 3600:.3g} h"
