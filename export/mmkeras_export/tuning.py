"""A run trains on while something is done to its weights, and becomes another run."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from mmkeras.manifest import Manifest
from mmkeras.plain_file import write_json
from mmkeras.prepare import Prepared
from mmkeras.run import ABOUT, Run
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras_export.kernels import copied

# Half a magnitude less than a training from scratch: it only repairs.
TUNING = Training(learning_rate=3e-4, ema=0.0, soup=1, frozen_share=0.0)


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
        train: Manifest | Prepared,
        valid: Manifest | Prepared,
        callback: keras.callbacks.Callback,
        about: Mapping[str, Any],
    ) -> Run:
        """A new run, which says of itself what was done; the old one stays as it is.

        In one phase, whatever `training` says: towers that came with weights have learned already
        to work with what is behind them.
        """
        training = dataclasses.replace(self.training, frozen_share=0.0)
        data = run.prepare(train), run.prepare(valid)
        tuned = fit(
            copied(run.model),
            *data,
            epochs=self.epochs,
            out=self.out,
            training=training,
            callbacks=[callback],
            resume=self.resume,
        )
        earlier = {name: run.about[name] for name in ("pruned", "clustered") if name in run.about}
        tuned = dataclasses.replace(tuned, about={**tuned.about, **earlier, **about})
        if tuned.path is not None:
            write_json(Path(tuned.path, ABOUT), tuned.about)
        return tuned
