"""Structured pruning of a run: cut, trained on, and a run again."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping

from mmkeras.dataset import Batches
from mmkeras.losses import loss_of_each
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras_export.slimming.choice import Cut
from mmkeras_export.slimming.costs import slimmed
from mmkeras_export.slimming.cutting import Share, slim
from mmkeras_export.slimming.importance import Examples

# Half the rate of a training from scratch: what is left has to take over from what is gone.
TUNING = Training(learning_rate=1e-3, frozen_share=0.0)


def slim_run(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    share: Share = 0.5,
    epochs: int = 10,
    out: str | os.PathLike[str] | None = None,
    cut: Cut = Cut(),  # noqa: B008  frozen
    training: Training = TUNING,
) -> Run:
    """A run whose model is `slim` of this one's, trained on for `epochs`; its best epoch is kept.

    `run` stays as it is; `out` is the new run's folder. Towers that are frozen are left alone. The
    recipe still says what the model was built from: a layer that lost channels follows from the
    model alone, and `about["slimmed"]` says what it lost.
    """
    if epochs < 1:
        raise ValueError(f"slimming wants at least one epoch. Received: epochs={epochs}")
    data = run.prepare(train), run.prepare(valid)
    examples = _examples(run, data[0], training) if cut.criterion == "taylor" else None
    model = slim(run.model, share, cut, examples)
    lost = slimmed(run.model, model)
    tuned = fit(model, *data, epochs=epochs, training=training)
    about = {
        **tuned.about,
        "slimmed": {
            "share": dict(share) if isinstance(share, Mapping) else share,
            "cut": dataclasses.asdict(cut),
            **dataclasses.asdict(lost),
            "epochs": epochs,
        },
    }
    made = dataclasses.replace(tuned, about=about)
    return dataclasses.replace(made, path=made.save(out)) if out is not None else made


def _examples(run: Run, train: Prepared, training: Training) -> Examples:
    """Batches of training rows, each output under its own loss."""
    rows = training.batch_size if isinstance(training.batch_size, int) else 64
    batches = Batches(train, rows, shuffle=True, seed=training.seed)
    weights = {name: task.weight for name, task in run.recipe.outputs.items()}

    def each() -> Iterator[tuple]:
        for i in range(len(batches)):
            yield batches[i]

    return Examples(each(), loss_of_each(run.model, run.recipe), weights)
