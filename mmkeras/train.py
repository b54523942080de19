"""fit(...): a model and a manifest to a run."""

from __future__ import annotations

import dataclasses
import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import keras

from mmkeras.adapting import adapt
from mmkeras.balance import Losses, callbacks_for, losses_for
from mmkeras.dataset import Batches
from mmkeras.frozen import frozen_inputs, give_back, head_model, through_towers
from mmkeras.heads import HEADS
from mmkeras.manifest import Manifest, digest
from mmkeras.model import recipe_of
from mmkeras.prepare import Prepared, check_tokenizer, prepare
from mmkeras.progress import Progress
from mmkeras.recipe import Recipe
from mmkeras.run import Run, check_free
from mmkeras.tokenizer import tokenizer_for

PACKAGES = ("mmkeras", "keras", "tensorflow", "numpy", "tokenizers", "soxr", "soundfile", "pillow")


@dataclass(frozen=True)
class Training:
    """How to train, beside for how long.

    `balance` is how several losses come to their weights: "fixed" takes those of the tasks,
    "uncertainty" and "gradnorm" correct them while the model trains, see `mmkeras.balance`.
    """

    batch_size: int = 64
    learning_rate: float = 2e-3  # at the start; it falls to 0 along a cosine
    weight_decay: float = 1e-2  # decoupled: Loshchilov and Hutter, ICLR 2019
    warm_up: float = 0.05  # share of the steps in which the rate rises to learning_rate
    clip_norm: float = 1.0
    augment: bool = True
    seed: int = 0
    balance: str = "fixed"


def fit(
    model: keras.Model,
    train: Manifest | Prepared,
    valid: Manifest | Prepared,
    epochs: int = 30,
    out: str | os.PathLike[str] | None = None,
    training: Training = Training(),
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Trains a model of `build_model`, keeps its best epoch by validation loss, stores the run.

    Text gets a tokenizer trained on the training rows. Towers that are frozen (`trainable=False`)
    are computed once for each distinct input. `out` is the run's folder; None stores nothing.
    Raises ValueError when the loss is no number any more; then nothing is stored either.
    """
    recipe = recipe_of(model)
    begun = time.perf_counter()
    if out is not None:
        check_free(Path(out))
    train, valid = _prepared(recipe, train, valid)
    origin = _origin(train.manifest, valid.manifest)
    keras.utils.set_random_seed(training.seed)
    adapt(model, train)
    frozen = frozen_inputs(recipe)
    seen = model
    train_data, valid_data = train, valid
    if frozen:
        seen = head_model(model, frozen)
        train_data = through_towers(model, frozen, train)
        valid_data = through_towers(model, frozen, valid)
    raw = [name for name in recipe.inputs if name not in frozen]
    batches = Batches(
        train_data,
        training.batch_size,
        shuffle=True,
        augment=raw if training.augment else (),
        seed=training.seed,
    )
    losses = losses_for(seen, recipe, training.balance)
    compile_for(seen, recipe, training, losses, steps=epochs * len(batches))
    balance = callbacks_for(losses, recipe, batches)
    best = keras.callbacks.EarlyStopping("val_loss", patience=epochs, restore_best_weights=True)
    with Progress(epochs, len(batches)) as progress:
        history = seen.fit(
            batches,
            validation_data=Batches(valid_data, 256),
            epochs=epochs,
            callbacks=[*balance, best, keras.callbacks.TerminateOnNaN(), progress, *callbacks],
            verbose=0,
        )
    if not math.isfinite(history.history["loss"][-1]):
        raise ValueError(
            f"the loss is no number any more in epoch {len(history.epoch)}; nothing was stored. "
            f"Lower Training(learning_rate={training.learning_rate})"
        )
    if frozen:
        give_back(seen, model)
    about = {
        "training": dataclasses.asdict(training),
        "epochs": epochs,
        "rows": {"train": len(train), "valid": len(valid)},
        "data": origin,
        "seconds": round(time.perf_counter() - begun, 1),
        "host": {"machine": platform.machine(), "python": platform.python_version()},
        "versions": versions(),
    }
    run = Run(model, train.tokenizer_json, history.history, about)
    return dataclasses.replace(run, path=run.save(Path(out))) if out is not None else run


def compile_for(
    model: keras.Model, recipe: Recipe, training: Training, losses: Losses, steps: int
) -> None:
    """Sets the losses and metrics of the recipe's outputs, and AdamW with warm-up and cosine.

    A metric of an output counts only the rows that have its label.
    """
    warm_up = int(training.warm_up * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warm_up else training.learning_rate,
        decay_steps=max(steps - warm_up, 1),
        warmup_target=training.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )
    metrics = {name: HEADS[task.kind].metrics(task) for name, task in recipe.outputs.items()}
    model.compile(
        optimizer=keras.optimizers.AdamW(
            rate, weight_decay=training.weight_decay, clipnorm=training.clip_norm
        ),
        loss=losses,
        loss_weights={name: task.weight for name, task in recipe.outputs.items()},
        weighted_metrics=metrics,
    )
    # Else its variables are made while the step is traced, which is then done twice.
    model.optimizer.build(model.trainable_variables)


def versions() -> dict[str, str]:
    """The packages that decide what a model is, with their versions."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # running from a source tree
            found[package] = "not installed"
    return found


def _origin(train: Manifest, valid: Manifest) -> dict[str, Any]:
    """Where the rows came from, so that the rest of the manifest can be found as the test rows."""
    return {
        "path": str(train.path),
        "sha256": digest(train.path),
        "inputs": dict(train.inputs),
        "kinds": dict(train.kinds),
        "targets": {name: train.kind_of(name) for name in train.targets},
        "lines": {"train": train.lines, "valid": valid.lines},
    }


def _prepared(
    recipe: Recipe, train: Manifest | Prepared, valid: Manifest | Prepared
) -> tuple[Prepared, Prepared]:
    if isinstance(train, Prepared):
        tokenizer_json = train.tokenizer_json
        train = train.narrowed(recipe)
    else:
        tokenizer_json = tokenizer_for(recipe, train)
        train = prepare(train, recipe, tokenizer_json)
    if isinstance(valid, Prepared):
        check_tokenizer(valid, tokenizer_json)
        return train, valid.narrowed(recipe)
    return train, prepare(valid, recipe, tokenizer_json)
