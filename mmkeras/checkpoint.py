"""What a killed training needs to go on as if nothing had been: one file, replaced as a whole."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.history import HISTORY, History, append, write_history

SHARE = 0.05  # of the time that writing may take: a state of gigabytes is written less often


@dataclass
class Position:
    """Where a training is: `batch` batches of `epoch` are done, in its phase of that number.

    Epochs count on over the phases; `begun` is the first of this one. `history` has the epochs
    before, `seconds` are those of the batches that are done; `states` what callbacks keep.
    """

    phase: int = 0
    begun: int = 0
    epoch: int = 0
    batch: int = 0
    seconds: float = 0.0
    history: History = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)

    @property
    def spent_s(self) -> float:
        """On all epochs so far."""
        return sum(self.history.get("seconds", ())) + self.seconds

    def next_phase(self) -> None:
        """To the begin of the next phase."""
        self.phase, self.begun, self.states = self.phase + 1, self.epoch, {}


@dataclass(frozen=True)
class State:
    """A position, and the values of the variables there: of model, optimizer and metrics."""

    position: Position
    values: Mapping[str, np.ndarray]  # "model/0", "optimizer/3", ...

    @classmethod
    def of(cls, position: Position, model: keras.Model) -> State:
        """The state of a compiled model. Copies: the training goes on."""
        if hasattr(model, "jax_state_sync"):
            model.jax_state_sync()  # within an epoch, the JAX trainer holds the values apart
        values = {
            f"{name}/{i}": np.array(ops.convert_to_numpy(variable))
            for name, variables in _variables(model).items()
            for i, variable in enumerate(variables)
        }
        return cls(position, values)

    @property
    def finite(self) -> bool:
        """Whether all are numbers: else it is no state to go on from."""
        return all(np.isfinite(value).all() for value in self.values.values())

    def restore(self, model: keras.Model, metrics: bool = False) -> None:
        """Gives a model like the one it was taken of the same values.

        Those of its `metrics` alone, or all but these: `fit` resets metrics when an epoch begins.
        """
        for name, variables in _variables(model).items():
            if metrics is (name == "metrics"):
                for i, variable in enumerate(variables):
                    variable.assign(self.values[f"{name}/{i}"])

    def save(self, path: Path) -> None:
        """Writes one file, complete or not at all."""
        part = path.with_name(f".{path.name}.part")
        with open(part, "wb") as file:
            position = np.array(json.dumps(asdict(self.position)))
            arrays: dict[str, Any] = {"position": position, **self.values}
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)

    @classmethod
    def load(cls, path: Path) -> State:
        """Reads what `save` wrote; runs no code of it."""
        position = cls.where(path)
        with np.load(path, allow_pickle=False) as values:
            return cls(position, {name: values[name] for name in values if name != "position"})

    @staticmethod
    def where(path: Path) -> Position:
        """The position alone: the rest of a file may be gigabytes."""
        with np.load(path, allow_pickle=False) as values:
            return Position(**json.loads(str(values["position"])))


def _variables(model: keras.Model) -> dict[str, Sequence[keras.Variable]]:
    """All that changes in training: weights, states of random layers, moments, sums of metrics."""
    return {
        "model": model.variables,
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }


class Writer:
    """Writes the state of a training, as often as it may cost.

    `every_s` is the longest time without, 0 for after each batch. `resumed` is the state that the
    training goes on from. `parts` are callbacks with `state()` and `restore(state)`.
    """

    def __init__(
        self,
        path: Path | None,
        position: Position,
        parts: Mapping[str, Any],
        every_s: float,
        resumed: State | None = None,
    ):
        self.position = position
        self.resumed = resumed
        self.epoch_begun_s = 0.0  # if there had been no break
        self._path = path
        self._parts = parts
        self._every_s = every_s
        self._written_s = time.monotonic()
        self._cost_s = 0.0  # of the last writing

    def callbacks(
        self, between: Sequence[keras.callbacks.Callback]
    ) -> list[keras.callbacks.Callback]:
        """Those callbacks, between the two that call this.

        When a batch begins, others may act for it already; when an epoch ends, all have acted.
        """
        return [WithinEpochs(self), *between, AfterEpochs(self)]

    def due(self, within: bool) -> bool:
        """Whether it is time, within an epoch or at its end."""
        if self._path is None or not self._every_s:
            return self._path is not None
        waited_s = time.monotonic() - self._written_s
        return waited_s >= max(self._every_s if within else 0.0, self._cost_s / SHARE)

    def write(self, model: keras.Model) -> None:
        """The state of the model at `position`, unless it is none to go on from."""
        begun_s = time.monotonic()
        self.position.states = {name: part.state() for name, part in self._parts.items()}
        state = State.of(self.position, model)
        if not state.finite:
            return
        assert self._path is not None
        state.save(self._path)
        write_history(self._path.with_name(HISTORY), self.position.history)
        self._written_s = time.monotonic()
        self._cost_s = self._written_s - begun_s


class WithinEpochs(keras.callbacks.Callback):
    """Before a batch: what has been done up to there. Comes first."""

    def __init__(self, writer: Writer):
        super().__init__()
        self._writer = writer

    def on_epoch_begin(self, epoch, logs=None):
        writer = self._writer
        writer.epoch_begun_s = time.monotonic() - writer.position.seconds
        self._skipped = writer.position.batch
        if writer.resumed is not None and self._skipped:
            writer.resumed.restore(self.model, metrics=True)

    # Not at a batch's end: without a callback there, Keras need not wait for each step.
    def on_train_batch_begin(self, batch, logs=None):
        if batch and self._writer.due(within=True):
            position = self._writer.position
            position.batch = self._skipped + batch
            position.seconds = time.monotonic() - self._writer.epoch_begun_s
            self._writer.write(self.model)


class AfterEpochs(keras.callbacks.Callback):
    """After an epoch: its figures, with the seconds since it began. Comes last."""

    def __init__(self, writer: Writer):
        super().__init__()
        self._writer = writer

    def on_epoch_end(self, epoch, logs=None):
        position = self._writer.position
        seconds = time.monotonic() - self._writer.epoch_begun_s
        append(position.history, {**(logs or {}), "seconds": seconds})
        position.epoch, position.batch, position.seconds = epoch + 1, 0, 0.0
        if self._writer.due(within=False):
            self._writer.write(self.model)
