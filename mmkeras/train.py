"""fit(...): a model and a manifest to a run."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import keras

from mmkeras.adapting import adapt
from mmkeras.batch_size import AUTO, batch_size_for
from mmkeras.distillation import (
    Teacher,
    answers_of,
    check_outputs,
    described,
    opened,
    warn_of_seen,
)
from mmkeras.distribution import Devices
from mmkeras.manifest import Manifest
from mmkeras.model import assemble, recipe_of
from mmkeras.origin import origin_of, rows_of
from mmkeras.prepare import Prepared, check_tokenizer, prepare
from mmkeras.provenance import host, revision, versions
from mmkeras.recipe import Recipe
from mmkeras.run import ABOUT, Run, check_free, load
from mmkeras.session import Session
from mmkeras.tokenizer import tokenizer_for
from mmkeras.training import Training
from mmkeras.unfinished import Plan, Unfinished
from mmkeras_edge.inputs import pick


def fit(
    model: keras.Model | Recipe,
    train: Manifest | Prepared,
    valid: Manifest | Prepared | None = None,
    epochs: int = 30,
    out: str | os.PathLike[str] | None = None,
    training: Training = Training(),  # noqa: B008  frozen
    callbacks: Sequence[keras.callbacks.Callback] = (),
    resume: bool = False,
    overwrite: bool = False,
    teacher: Teacher | None = None,
) -> Run:
    """Trains a model of `build_model`, or of a recipe, keeps its best epoch, stores the run.

    Without `valid`, the manifest is split: 70 percent to learn from, 10 to choose by. Text gets a
    tokenizer trained on the training rows. Towers that are frozen (`trainable=False`) are computed
    once for each distinct input. `out` is the run's folder; None stores nothing. While it trains,
    `out/checkpoint` holds all that it takes to go on: with `resume` the same call does, ends with
    the weights of an unbroken one, and begins where there is nothing to go on with.

    `teacher` is a run, or its folder, whose answers to the training rows are learned beside their
    labels, also to rows that have none: see `mmkeras.distillation`. To go on, it may be left out.

    Raises FileExistsError for an unfinished training in `out`, without `resume` or `overwrite`, and
    ValueError when what it was begun with differs, or for a teacher of other targets; ValueError
    when the loss is no number any more, MemoryError, OSError of a full disk and KeyboardInterrupt
    with a word on how to go on.
    """
    begun = time.perf_counter()
    if out is not None:
        check_free(Path(out))
    unfinished = Unfinished.of(out)
    going_on = resume and unfinished.begun
    if resume and not going_on and out is not None and Path(out, ABOUT).is_file():
        return load(out)  # it is finished
    if unfinished.begun and not (resume or overwrite):
        raise FileExistsError(
            f"{os.fspath(out or '')!r} has an unfinished training; go on with resume, choose "
            "another folder, or begin anew with overwrite"
        )
    tutor = None if teacher is None else opened(teacher)
    about_tutor = unfinished.plan().teacher if going_on else None
    if tutor is not None:
        about_tutor = described(tutor)
    keras.utils.set_random_seed(training.seed)
    if isinstance(model, Recipe):
        model = assemble(model)
    recipe = recipe_of(model)
    if tutor is not None:
        check_outputs(tutor.recipe, recipe)
    tokenizer_json = unfinished.tokenizer_json() if going_on else None
    taught = about_tutor is not None and training.teacher_share > 0
    train, valid = _prepared(recipe, train, valid, training.seed, tokenizer_json, taught)
    data = origin_of(train.manifest, valid.manifest)
    if isinstance(training.batch_size, str):
        pick({AUTO: None}, training.batch_size, "batch_size")
        found = unfinished.plan().training.rows if going_on else _tried(model, training, train)
        training = dataclasses.replace(training, batch_size=found)
    plan = Plan(recipe, training, epochs, data, about_tutor)
    if going_on:
        unfinished.check(plan, train)
        train = dataclasses.replace(train, taught=unfinished.taught())
        model.set_weights(unfinished.model().get_weights())
    else:
        if tutor is not None and taught:
            warn_of_seen(tutor, data)
            answers = answers_of(tutor, recipe, train.manifest)
            train = dataclasses.replace(train, taught=answers)
        keras.utils.set_random_seed(training.seed)
        adapt(model, train)
        unfinished.begin(plan, model, train)
    session = Session(model, plan, train, valid, unfinished, callbacks)
    try:
        history = session.run(unfinished.state() if going_on else None)
    except BaseException:
        unfinished.forget()
        raise
    about = {
        "training": dataclasses.asdict(training),
        "epochs": epochs,
        "rows": {"train": len(train), "valid": len(valid)},
        "devices": list(session.devices.names) or 1,
        "data": plan.data,
        **({"teacher": plan.teacher} if plan.teacher else {}),
        "seconds": round(time.perf_counter() - begun, 1),
        "host": host(),
        "git": revision(),
        "versions": versions(),
    }
    run = Run(model, train.tokenizer_json, history, about)
    return dataclasses.replace(run, path=run.save(Path(out))) if out is not None else run


def resume(out: str | os.PathLike[str], callbacks: Sequence[keras.callbacks.Callback] = ()) -> Run:
    """Goes on with the unfinished training in a run's folder, on the rows that it was begun with.

    Raises FileNotFoundError where there is none, ValueError when its manifest has changed.
    """
    unfinished = Unfinished.of(out)
    plan, tokenizer_json = unfinished.plan(), unfinished.tokenizer_json()
    taught = bool(unfinished.taught())
    train, valid = (
        prepare(rows_of(plan.data, split), plan.recipe, tokenizer_json, keep_unlabelled)
        for split, keep_unlabelled in (("train", taught), ("valid", False))
    )
    model = unfinished.model()
    return fit(model, train, valid, plan.epochs, out, plan.training, callbacks, resume=True)


def _tried(model: keras.Model, training: Training, train: Prepared) -> int:
    """The batch size that is found; each of several devices gets as many rows as one can take."""
    rows = batch_size_for(model, recipe_of(model), training, train) * len(Devices.visible())
    sys.stderr.write(f"batch_size={rows}: found by trial\n")
    return rows


def _prepared(
    recipe: Recipe,
    train: Manifest | Prepared,
    valid: Manifest | Prepared | None,
    seed: int,
    tokenizer_json: str | None,
    keep_unlabelled: bool = False,
) -> tuple[Prepared, Prepared]:
    if valid is None:
        if isinstance(train, Prepared):
            raise ValueError("prepared rows want valid= beside them; a manifest is split by itself")
        train, valid, _ = train.split(seed)
    if isinstance(train, Prepared):
        tokenizer_json = train.tokenizer_json
        train = train.narrowed(recipe)
    else:
        tokenizer_json = tokenizer_json or tokenizer_for(recipe, train)
        train = prepare(train, recipe, tokenizer_json, keep_unlabelled)
    if isinstance(valid, Prepared):
        check_tokenizer(valid, tokenizer_json)
        return train, valid.narrowed(recipe)
    return train, prepare(valid, recipe, tokenizer_json)
