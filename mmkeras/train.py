"""fit(...): a model and a manifest to a run."""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from mmkeras.adapting import adapt
from mmkeras.batch_size import batch_size_for
from mmkeras.distillation import (
    Teacher,
    check_teacher,
    described,
    lesson_of,
    opened,
    warn_of_seen,
)
from mmkeras.distribution import Devices
from mmkeras.folder import ABOUT, check_free, settle
from mmkeras.manifest import Manifest
from mmkeras.mishaps import explained
from mmkeras.model import assemble, recipe_of
from mmkeras.origin import origin_of, rows_of
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared, check_tokenizer
from mmkeras.provenance import host, revision, versions
from mmkeras.recipe import Recipe
from mmkeras.run import Run, load
from mmkeras.sampling import chances, shares
from mmkeras.session import Session
from mmkeras.tokenizer import tokenizer_for
from mmkeras.training import AUTO, Training
from mmkeras.unfinished import Plan, Unfinished, check_finished, steps_of

Rows = Manifest | Prepared
Parts = tuple[Rows, Rows]  # to learn from, to choose by


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
    the weights of an unbroken one, begins where there is nothing to go on with, and opens the run
    where it is finished.

    `teacher` is a run, or its folder, whose answers to the training rows are learned beside their
    labels, also to rows that have none, and what it fuses: see `mmkeras.distillation`. To go on, it
    may be left out.

    What `callbacks` do to the model, as those of mmkeras_export, is kept as `about["steps"]`.

    Raises FileExistsError for an unfinished training in `out`, without `resume` or `overwrite`, and
    ValueError when what it was begun or finished with differs, or for a teacher of other targets;
    ValueError when the loss is no number any more, MemoryError, OSError of a full disk and
    KeyboardInterrupt with a word on how to go on.
    """
    begun = time.perf_counter()
    if epochs < 1:
        raise ValueError(f"wanted an epoch or more. Received: {epochs}")
    if out is not None:
        check_free(Path(out))
    unfinished = Unfinished.of(out)
    going_on = resume and unfinished.begun
    if unfinished.begun and not (resume or overwrite):
        raise FileExistsError(
            f"{os.fspath(out or '')!r} has an unfinished training; go on with resume, choose "
            "another folder, or begin anew with overwrite"
        )
    keras.utils.set_random_seed(training.seed)
    if isinstance(model, Recipe):
        model = assemble(model)
    recipe, tutor = recipe_of(model), None if teacher is None else opened(teacher)
    if tutor is not None:
        check_teacher(tutor.recipe, recipe, training.teacher_features > 0)
    parts = _parts(train, valid, training.seed)
    data = origin_of(*map(_manifest, parts))
    taught = None if tutor is None else described(tutor)
    plan = Plan(recipe, training, epochs, data, taught, steps_of(callbacks, epochs))
    if resume and out is not None and not unfinished.planned and Path(out, ABOUT).is_file():
        check_finished(Path(out), plan)
        return load(out)
    try:
        with explained(training, unfinished.kept):
            if going_on:
                job = _gone_on_with(plan, model, parts, unfinished)
            else:
                job = _begun(plan, model, parts, tutor, unfinished)
            state = unfinished.state() if going_on else None
        spent_s = state.position.spent_s if state else 0.0
        session = Session(model, job.plan, job.train, job.valid, unfinished, callbacks)
        history = session.run(state)
        seconds = round(spent_s + time.perf_counter() - begun, 1)
        run = Run(model, job.train.tokenizer_json, history, _about(session, seconds))
        if out is None:
            return run
        with explained(training, unfinished.kept):
            return dataclasses.replace(run, path=run.save(out))
    except BaseException:
        unfinished.forget()
        raise


def resume(out: str | os.PathLike[str], callbacks: Sequence[keras.callbacks.Callback] = ()) -> Run:
    """Goes on with the unfinished training in a run's folder, on the rows that it was begun with.

    Raises FileNotFoundError where there is none, ValueError when its manifest has changed.
    """
    settle(Path(out))
    unfinished = Unfinished.of(out)
    plan, tokenizer_json = unfinished.plan(), unfinished.tokenizer_json()
    train, valid = (
        prepare(rows_of(plan.data, split), plan.recipe, tokenizer_json, keep_unlabelled)
        for split, keep_unlabelled in (("train", plan.taught), ("valid", False))
    )
    model = unfinished.model()
    return fit(model, train, valid, plan.epochs, out, plan.training, callbacks, resume=True)


@dataclass(frozen=True)
class Job:
    """A training that is ready to run: its plan, with the rows and the batch size that were found,
    and the rows as arrays."""

    plan: Plan
    train: Prepared
    valid: Prepared


def _begun(plan: Plan, model: keras.Model, rows: Parts, tutor: Run | None, kept: Unfinished) -> Job:
    """What begins; the model is adapted to its rows, and stored."""
    training = plan.training
    if training.teacher_features and tutor is None:
        raise ValueError(
            f"teacher_features={training.teacher_features:g} wants a teacher to learn from; give "
            "one, or teacher_features=0"
        )
    train, valid = _prepared(plan.recipe, rows, None, plan.taught)
    if training.batch_size == AUTO:
        training = dataclasses.replace(training, batch_size=_tried(model, training, train))
    data = origin_of(train.manifest, valid.manifest)
    plan = dataclasses.replace(plan, training=training, data=data)
    if tutor is not None and plan.taught:
        warn_of_seen(tutor, data)
        lesson = lesson_of(tutor, plan.recipe, train.manifest, training.teacher_features > 0)
        if not training.teacher_share:
            lesson = lesson._replace(taught={})
        train = dataclasses.replace(train, **lesson._asdict())
    keras.utils.set_random_seed(training.seed)
    adapt(model, train)
    kept.begin(plan, model, train)
    return Job(plan, train, valid)


def _gone_on_with(plan: Plan, model: keras.Model, rows: Parts, kept: Unfinished) -> Job:
    """What was broken off; the model is as it was before the first step. Raises ValueError for
    another plan."""
    before, training = kept.plan(), plan.training
    plan = dataclasses.replace(plan, teacher=plan.teacher or before.teacher)
    train, valid = _prepared(plan.recipe, rows, kept.tokenizer_json(), plan.taught)
    if training.batch_size == AUTO:
        training = dataclasses.replace(training, batch_size=before.training.batch_size)
    data = origin_of(train.manifest, valid.manifest)
    plan = dataclasses.replace(plan, training=training, data=data)
    kept.check(plan, train)
    model.set_weights(kept.model().get_weights())
    return Job(plan, dataclasses.replace(train, **kept.lesson()._asdict()), valid)


def _about(session: Session, seconds: float) -> dict[str, Any]:
    """What made a run, for its run.json."""
    plan = session.plan
    return {
        "training": dataclasses.asdict(plan.training),
        "epochs": plan.epochs,
        "rows": {"train": len(session.train), "valid": len(session.valid)},
        "devices": list(session.devices.names) or 1,
        "data": plan.data,
        **({"teacher": plan.teacher} if plan.teacher else {}),
        **({"steps": list(plan.steps)} if plan.steps else {}),
        **_sampled(session),
        "seconds": seconds,
        "host": host(),
        "git": revision(),
        "versions": versions(),
    }


def _sampled(session: Session) -> dict[str, Any]:
    """Where rows of some labels came more often: the share of each, of the rows and of an epoch."""
    often = chances(session.train, session.plan.training.sampling)
    return {} if often is None else {"sampled": shares(session.train, often)}


def _tried(model: keras.Model, training: Training, train: Prepared) -> int:
    """The batch size that is found; each of several devices gets as many rows as one can take."""
    devices = len(Devices.visible())
    rows = devices * batch_size_for(model, recipe_of(model), training, train, devices)
    sys.stderr.write(f"batch_size={rows}: found by trial\n")
    return rows


def _parts(train: Rows, valid: Rows | None, seed: int) -> Parts:
    """The rows to learn from and to choose by."""
    if valid is not None:
        return train, valid
    if isinstance(train, Prepared):
        raise ValueError("prepared rows want valid= beside them; a manifest is split by itself")
    return train.split(seed)[:2]


def _manifest(rows: Rows) -> Manifest:
    return rows.manifest if isinstance(rows, Prepared) else rows


def _prepared(
    recipe: Recipe, rows: Parts, tokenizer_json: str | None, keep_unlabelled: bool
) -> tuple[Prepared, Prepared]:
    train, valid = rows
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
