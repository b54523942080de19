"""Where a training starts: a recipe over what the rows of a manifest have."""

from __future__ import annotations

import dataclasses
from typing import Any

from mmkeras.manifest import Manifest
from mmkeras.modalities import Audio, Image, Modality, Sensor, Table, Text, Video
from mmkeras.recipe import Recipe
from mmkeras.targets import LABELS
from mmkeras.tasks import Task

USUAL: dict[str, Any] = {"image": Image, "text": Text, "audio": Audio, "video": Video}


def start(learn: Manifest, recipe: Recipe | None = None, exact: bool = False) -> Recipe:
    """The recipe, or the usual one, for the inputs and targets of the training rows.

    An input that the recipe does not have is the usual one of its kind; one that the rows do not
    have is left out, or with `exact` an error. An output keeps what the recipe says of it; where
    its labels are "0", "1", ..., as a number of classes gives them, those of the rows take their
    place. So do the fields of a table that names none. Raises ValueError.
    """
    if recipe is None:
        inputs = {name: _usual(learn, name) for name in learn.inputs}
        return Recipe(inputs, {target: learn.task(target) for target in learn.targets})
    missing = [name for name in recipe.inputs if name not in learn.inputs]
    if missing and exact:
        raise ValueError(
            f"the recipe's input {missing[0]!r} has no column: name one, or take it out of the "
            f"recipe. Received: {', '.join(learn.inputs)}"
        )
    return dataclasses.replace(
        recipe,
        inputs={name: _input(learn, name, recipe) for name in learn.inputs},
        outputs={target: _output(learn, target, recipe) for target in learn.targets},
        optional=tuple(n for n in recipe.optional if n in learn.inputs and len(learn.inputs) > 1),
    )


def _usual(learn: Manifest, name: str) -> Modality:
    kind = learn.kinds[name]
    if kind == "sensor":
        return Sensor.of(learn, name)
    return Table.of(learn, name) if kind == "table" else USUAL[kind]()


def _input(learn: Manifest, name: str, recipe: Recipe) -> Modality:
    source = recipe.inputs.get(name)
    if source is None:
        return _usual(learn, name)
    if isinstance(source, Table) and not (source.numbers or source.categories):
        found = Table.of(learn, name)
        return dataclasses.replace(source, numbers=found.numbers, categories=found.categories)
    return source


def _output(learn: Manifest, target: str, recipe: Recipe) -> Task:
    task = recipe.outputs.get(target)
    if task is None or task.kind != learn.kind_of(target):
        return learn.task(target)
    if task.kind not in LABELS or not _counted(task):
        return task
    found: Any = learn.task(target)
    return dataclasses.replace(task, labels=found.labels)


def _counted(task: Any) -> bool:
    """Whether its labels are those that a number of classes gives."""
    labels = tuple(task.labels)
    return labels == tuple(map(str, range(len(labels)))) or task.kind == "binary"
