"""Structured pruning: a smaller model that answers as the large one did without those channels."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Mapping
from functools import singledispatch
from typing import Any

import keras

from mmkeras.dataset import Batches
from mmkeras.losses import loss_of_each
from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras.training import Training
from mmkeras_edge.inputs import pick
from mmkeras_export.shrinking.slimming.choice import Cut, choose
from mmkeras_export.shrinking.slimming.costs import slimmed
from mmkeras_export.shrinking.slimming.graph import channels_of
from mmkeras_export.shrinking.slimming.importance import CRITERIA, Examples, gradients_of
from mmkeras_export.shrinking.slimming.rebuilding import rebuilt
from mmkeras_export.shrinking.tuning import Did, Tuning, check_rows

Share = float | Mapping[str, float]

# Half the rate of a training from scratch: what is left has to take over from what is gone.
TUNING = Training(learning_rate=1e-3)


@singledispatch
def slim(of: Any, *args: Any, **kwargs: Any) -> Any:
    """A smaller model or run: whole channels, heads and units are gone; what was given stays.

    - `slim(model, share=0.5, cut=Cut(), examples=None)` does it at once to any functional or
      sequential Keras model: see `slim_model`. Train it before you use it.
    - `slim(run, train, valid, share=0.5, epochs=10, ...)` cuts a mmkeras run and trains it on: see
      `slim_run`.

    It brings a smaller file and speed. Raises ValueError for a share that cannot be cut, with what
    holds it up, TypeError for what is neither a model nor a run.
    """
    raise TypeError(
        f"slim takes a Keras model, or a run of mmkeras.fit or mmkeras.load. Received: {of!r}"
    )


@slim.register
def slim_model(
    model: keras.Model,
    share: Share = 0.5,
    cut: Cut = Cut(),  # noqa: B008  frozen
    examples: Examples | None = None,
) -> keras.Model:
    """A smaller model: `share` of the multiply-adds are gone, with whole channels, heads and units.

    Any functional or sequential model, towers within it too; `model` stays as it is. The new one
    has the same layers with smaller configs, the same names, inputs and outputs, and saves and
    loads as any other. `share` may be a mapping from patterns of layer paths to the share of what
    these cost, as {"image_*": 0.5, "audio_*": 0.25}; what fits none is left alone, and "*" is all
    the rest. `cut` says how channels are chosen, see `Cut`; `examples` are for its "taylor".
    Layers that do not train stay, for nothing could repair them. Train it before you use it.

    The answers are those of `model` with the channels zero, but for `Cut(exact=False)`. Raises
    ValueError for a share that cannot be cut, with what holds it up.
    """
    criterion = pick(CRITERIA, cut.criterion, "criterion")
    if (cut.criterion == "taylor") != (examples is not None):
        raise ValueError(
            'examples= and criterion="taylor" go together. Received: '
            f"criterion={cut.criterion!r}, examples={examples!r}"
        )
    channels = channels_of(model)
    gradients = {} if examples is None else gradients_of(channels, examples)
    gone = choose(channels, share, cut, lambda group: criterion(group, gradients))
    return rebuilt(channels, gone)


@slim.register
def slim_run(
    run: Run,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    share: Share = 0.5,
    epochs: int = 10,
    out: str | os.PathLike[str] | None = None,
    training: Training = TUNING,
    resume: bool = False,
    cut: Cut = Cut(),  # noqa: B008  frozen
) -> Run:
    """A run with the `slim_model` of this one, trained on for `epochs`; its best epoch is kept.

    `run` stays as it is; `out` is the new run's folder; with `resume`, a training that was cut off
    there goes on. Towers that are frozen are left alone. The recipe still says what the model was
    built from: a layer that lost channels follows from the model alone, and the step in
    `about["steps"]` says what each branch lost.
    """
    tuning = Tuning(epochs, out, training, resume)
    check_rows("slim", train, valid)
    data = run.prepare(train), run.prepare(valid)
    examples = _examples(run, data[0], training) if cut.criterion == "taylor" else None
    model = slim_model(run.model, share, cut, examples)
    step = {
        "step": "slim",
        "share": dict(share) if isinstance(share, Mapping) else share,
        "cut": dataclasses.asdict(cut),
        **dataclasses.asdict(slimmed(run.model, model)),
    }
    return tuning.of(run, model, data, [Did([step])])


def _examples(run: Run, train: Prepared, training: Training) -> Examples:
    """Batches of training rows, each output under its own loss."""
    rows = training.batch_size if isinstance(training.batch_size, int) else 64
    batches = Batches(train, rows, shuffle=True, seed=training.seed)
    weights = {name: task.weight for name, task in run.recipe.outputs.items()}

    def each() -> Iterator[tuple]:
        for i in range(len(batches)):
            yield batches[i]

    return Examples(each(), loss_of_each(run.model, run.recipe), weights)
