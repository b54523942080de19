"""A run trains on while something is done to its model, and becomes another run."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras

from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras.train import fit
from mmkeras.training import Training

# Half a magnitude less than a training from scratch: it only repairs.
TUNING = Training(learning_rate=3e-4, ema=0.0, soup=1, frozen_share=0.0)
STEPS = "steps"  # in `run.about`: what was done to the model, in order, as plain data

Step = Mapping[str, Any]  # {"step": "prune", "sparsity": 0.5, ..., "epochs": 3}
Rows = Manifest | Prepared


@dataclasses.dataclass(frozen=True)
class Tuning:
    """How a run trains on: for how long, where to, and how; `resume` goes on with one cut off."""

    epochs: int = 3
    out: str | os.PathLike[str] | None = None
    training: Training = TUNING
    resume: bool = False

    def __post_init__(self):
        if self.epochs < 1:
            raise ValueError(f"tuning wants at least one epoch. Received: epochs={self.epochs}")

    def of(
        self,
        run: Run,
        model: keras.Model,
        data: tuple[Rows, Rows],
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> Run:
        """A new run of `model`, which is trained in place; `run`, which it was made of, stays.

        `data` are rows to learn from and to choose by. The new run's `about["steps"]` are those of
        `run`, and what the callbacks tell of themselves. It trains in one phase, whatever
        `training` says: towers that came with weights have learned already to work with what is
        behind them. Raises ValueError for rows that are none, and as `fit` does.
        """
        train, valid = map(run.prepare, data)
        return fit(
            model,
            train,
            valid,
            epochs=self.epochs,
            out=self.out,
            training=dataclasses.replace(self.training, frozen_share=0.0),
            callbacks=[Did(steps_of(run)), *callbacks],
            resume=self.resume,
        )


class Did(keras.callbacks.Callback):
    """Says of a training what was done to its model before; it does nothing."""

    def __init__(self, steps: Sequence[Step]):
        super().__init__()
        self._steps = json.loads(json.dumps(steps))  # as the run's file has them

    def plain_steps(self) -> list[Step]:
        return self._steps


def steps_of(run: Run) -> list[Step]:
    """What was done to a run's model, in order."""
    return list(run.about.get(STEPS, ()))


def check_rows(verb: str, *data: Any) -> None:
    """Raises ValueError for what a run cannot learn from."""
    for rows in data:
        if not isinstance(rows, Manifest | Prepared):
            raise ValueError(
                f"a run learns from rows: {verb}(run, train, valid), both a manifest. Received: "
                f"{type(rows).__name__}"
            )
