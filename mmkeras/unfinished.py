"""A training that is not finished: the folder `checkpoint` in the run's, and how to go on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import keras
import numpy as np

from mmkeras.checkpoint import State
from mmkeras.folder import ABOUT, CHECKPOINT, LAST, LOGS, MODEL, PLAN, RECIPE, TOKENIZER, discard
from mmkeras.prepared import Prepared
from mmkeras.recipe import FUSED, Recipe
from mmkeras.taught import Lesson
from mmkeras.training import AUTO, Training

STATE, EPOCHS = "state.npz", "epochs"
TAUGHT = "taught.npz"  # what a teacher says to the training rows, and what it fuses
OUTPUT = "output/"  # before each name in it: `numpy.savez` takes some names for its own
# What may differ when a training goes on: nothing that was computed depends on it.
MAY_CHANGE = {"learning_rate", "weight_decay", "clip_norm", "patience", "checkpoint_s"}


@dataclass(frozen=True)
class Plan:
    """What a training is to do; it goes on only where this is the same."""

    recipe: Recipe
    training: Training
    epochs: int
    data: Mapping[str, Any]  # path, digest, columns and lines of the rows
    teacher: Mapping[str, Any] | None = None  # its folder and the digest of its model
    steps: Sequence[Mapping[str, Any]] = ()  # what else is done to the model: see `steps_of`

    @property
    def taught(self) -> bool:
        """Whether there is something to learn from a teacher."""
        wanted = self.training.teacher_share > 0 or self.training.teacher_features > 0
        return self.teacher is not None and wanted

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "recipe": self.recipe.to_dict(),
            "training": asdict(self.training),
            "epochs": self.epochs,
            "data": dict(self.data),
            "teacher": self.teacher and dict(self.teacher),
            "steps": [dict(step) for step in self.steps],
        }


@dataclass(frozen=True)
class Unfinished:
    """The folder of an unfinished training; `path` None keeps nothing."""

    path: Path | None

    @classmethod
    def of(cls, run: str | os.PathLike[str] | None) -> Unfinished:
        """That of a run's folder."""
        return cls(None if run is None else Path(run, CHECKPOINT))

    @property
    def planned(self) -> bool:
        """Whether a training was begun there and is not finished, whatever it has learned."""
        return self.path is not None and (self.path / PLAN).is_file()

    @property
    def begun(self) -> bool:
        """Whether there is a training to go on with: one that has learned something."""
        return self.path is not None and self.planned and (self.path / STATE).is_file()

    @property
    def state_path(self) -> Path | None:
        """The file of its last state."""
        return self.path and self.path / STATE

    @property
    def last_path(self) -> Path | None:
        """The file of the weights after the last epoch."""
        return self.path and self.path / LAST

    @property
    def epochs_path(self) -> Path | None:
        """The folder of its best epochs."""
        return self.path and self.path / EPOCHS

    def begin(self, plan: Plan, model: keras.Model, data: Prepared) -> None:
        """Stores what it starts from, in the place of an older one; `data` are what it learns."""
        if self.path is None:
            return
        if self.planned or (self.path.parent / ABOUT).is_file():  # else they may be anybody's
            shutil.rmtree(self.path.parent / LOGS, ignore_errors=True)
        discard(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        plain = json.dumps(plan.to_dict(), indent=1)
        (self.path / PLAN).write_text(plain, encoding="utf-8")
        model.save(self.path / MODEL)
        if data.tokenizer_json is not None:
            (self.path / TOKENIZER).write_text(data.tokenizer_json, encoding="utf-8")
        arrays: dict[str, Any] = {f"{OUTPUT}{name}": of for name, of in data.taught.items()}
        if data.fused is not None:
            arrays[FUSED] = data.fused
        if arrays:
            np.savez(self.path / TAUGHT, **arrays)

    def forget(self) -> None:
        """Leaves nothing of a training that was broken off before it had learned something."""
        if self.path is not None and not self.begun:
            discard(self.path)
            if self.path.parent.is_dir() and not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()

    def plan(self) -> Plan:
        """What it is to do. Raises FileNotFoundError where there is none to go on with."""
        if self.path is None or not self.planned:
            raise FileNotFoundError(f"no unfinished training in {str(self.path)!r}")
        if not self.begun:
            raise FileNotFoundError(
                f"the training in {str(self.path.parent)!r} was broken off before it had learned "
                "something; begin it again"
            )
        plain = json.loads((self.path / PLAN).read_text(encoding="utf-8"))
        training = Training(**plain["training"])
        recipe = Recipe.from_dict(plain["recipe"])
        data, teacher, steps = (plain[name] for name in ("data", "teacher", "steps"))
        return Plan(recipe, training, plain["epochs"], data, teacher, steps)

    def tokenizer_json(self) -> str | None:
        """The tokenizer that it was begun with."""
        assert self.path is not None
        path = self.path / TOKENIZER
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def lesson(self) -> Lesson:
        """What the teacher says to the training rows; empty where there is none."""
        assert self.path is not None
        path = self.path / TAUGHT
        if not path.is_file():
            return Lesson()
        with np.load(path, allow_pickle=False) as file:
            stored = dict(file)
        fused = stored.pop(FUSED, None)
        return Lesson({name.removeprefix(OUTPUT): of for name, of in stored.items()}, fused)

    def model(self) -> keras.Model:
        """The model as it was before the first step."""
        assert self.path is not None
        return keras.models.load_model(self.path / MODEL)

    def state(self) -> State | None:
        """Where it is; None before its first checkpoint."""
        path = self.state_path
        return State.load(path) if path is not None and path.is_file() else None

    def kept(self) -> str:
        """What there is to go on from, in words."""
        if self.path is None:
            return "nothing is kept, for no folder was given"
        if self.state_path is None or not self.begun:
            return "nothing was stored yet"
        epoch = State.where(self.state_path).epoch
        done = f"epoch {epoch}" if epoch else "the first steps"
        return f"{str(self.path.parent)!r} keeps {done}: go on with resume"

    def check(self, plan: Plan, data: Prepared) -> None:
        """Raises ValueError when it was begun with another plan or tokenizer, naming the fields."""
        # As JSON has them: it knows no tuples.
        before, now = (json.loads(json.dumps(each.to_dict())) for each in (self.plan(), plan))
        for each in (before, now):
            for name in MAY_CHANGE:
                each["training"].pop(name, None)
        differ = differences(before, now)
        if self.tokenizer_json() != data.tokenizer_json:
            differ.append("the tokenizer")
        if differ:
            raise ValueError(
                f"{str(self.path)!r} was begun otherwise: {'; '.join(differ)}. Go on with what it "
                "was begun with, choose another folder, or begin anew with overwrite"
            )


def check_finished(out: Path, plan: Plan) -> None:
    """Raises ValueError for a run that was trained otherwise, naming the fields.

    Rows that cannot be read are left out of a training: it may have only some of the plan's. A
    batch size that is to be found, and a teacher that is not named, are those that it had.
    """
    about = json.loads((out / ABOUT).read_text(encoding="utf-8"))
    recipe = Recipe.from_dict(json.loads((out / RECIPE).read_text(encoding="utf-8")))
    training, data = Training(**about["training"]), about["data"]
    teacher, steps = about.get("teacher"), about.get("steps", ())
    before = Plan(recipe, training, about["epochs"], data, teacher, steps)
    if plan.training.batch_size == AUTO:
        plan = replace(plan, training=replace(plan.training, batch_size=training.batch_size))
    plan = replace(plan, teacher=plan.teacher or before.teacher)
    plain = [replace(each, data=without(each.data, "lines")).to_dict() for each in (before, plan)]
    differ = differences(*(json.loads(json.dumps(each)) for each in plain))
    for split, lines in data["lines"].items():
        if not set(lines) <= set(plan.data["lines"][split]):
            differ.append(f"the {split} rows are others")
    if differ:
        raise ValueError(
            f"{str(out)!r} was trained otherwise: {'; '.join(differ)}. Ask for what is there, or "
            "choose another folder"
        )


def steps_of(callbacks: Sequence[keras.callbacks.Callback], epochs: int) -> list[dict[str, Any]]:
    """What callbacks do to a model, or say was done to it before, in order: plain data, which those
    with a method `plain_steps` tell, each step with the epochs that it took."""
    telling = [each for each in callbacks if hasattr(each, "plain_steps")]
    told = [step for each in telling for step in each.plain_steps()]
    return [{**step, "epochs": step.get("epochs", epochs)} for step in told]


def without(plain: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The same without some keys."""
    return {name: value for name, value in plain.items() if name not in names}


def differences(before: Mapping[str, Any], now: Mapping[str, Any], at: str = "") -> list[str]:
    """What differs between plain data, as "training.seed was 0, is 1"."""
    found = []
    for name in [*before, *(key for key in now if key not in before)]:
        old, new, where = before.get(name), now.get(name), f"{at}{name}"
        if _are_mappings(old) and _are_mappings(new):
            old, new = ({str(i): each for i, each in enumerate(of)} for of in (old, new))
        if isinstance(old, dict) and isinstance(new, dict):
            found += differences(old, new, f"{where}.")
        elif old != new:
            shown = [text if len(text := repr(value)) <= 40 else "..." for value in (old, new)]
            found.append(f"{where} was {shown[0]}, is {shown[1]}")
    return found


def _are_mappings(value: Any) -> TypeGuard[list[dict]]:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)
