"""What each output learns from: its head's loss, shaped by what the training asks for.

loss            "cross_entropy" (or what else is a head's own) | "focal"
class_weights   "none" | "balanced": the rare labels count as much as the frequent ones
label_smoothing the share of the truth that is spread over all labels
teacher_share   how much of each loss is the distance from a teacher's answer; temperature: at which
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from mmkeras.adapting import scale_of
from mmkeras.heads import HEADS
from mmkeras.heads.shaped import PLAIN, Shape
from mmkeras.mixing import MixedLoss
from mmkeras.recipe import Recipe
from mmkeras.targets import labelled
from mmkeras.tasks import Task
from mmkeras.taught import TaughtLoss
from mmkeras_edge.inputs import pick

GAMMA = 2.0  # of the focal loss: the best of 0 to 5 in table 1b of Lin et al.
LOSSES = {"cross_entropy": 0.0, "focal": GAMMA}  # name -> gamma
CLASS_WEIGHTS = ("none", "balanced")


@dataclass(frozen=True)
class Wanted:
    """What a training asks of its losses; checked here. Raises ValueError for what there is not."""

    loss: str = "cross_entropy"
    class_weights: str = "none"
    label_smoothing: float = 0.0
    teacher_share: float = 0.0
    temperature: float = 1.0
    mixed: bool = False  # whether two rows may come in one

    def __post_init__(self) -> None:
        pick(LOSSES, self.loss, "loss")
        pick(dict.fromkeys(CLASS_WEIGHTS), self.class_weights, "class_weights")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(
                "label_smoothing is a share, from 0 (none) to below 1; 0.1 is usual. "
                f"Received: {self.label_smoothing!r}"
            )
        if not 0 <= self.teacher_share <= 1:
            raise ValueError(
                "teacher_share is a share, from 0 (labels alone) to 1 (the teacher alone). "
                f"Received: {self.teacher_share!r}"
            )
        if not self.temperature > 0:
            raise ValueError(
                "temperature is above 0: 1 takes a teacher's probabilities as they are, 2 to 5 "
                f"soften them. Received: {self.temperature!r}"
            )


AS_IT_IS = Wanted()


def loss_of_each(
    model: keras.Model,
    recipe: Recipe,
    wanted: Wanted = AS_IT_IS,
    targets: Mapping[str, np.ndarray] | None = None,
) -> dict[str, keras.losses.Loss]:
    """The loss of each output; `targets` are the training labels, which "balanced" counts.

    What a head cannot do, it does not: numbers have no classes, and a smoothed or a focal loss
    forgets the order of an ordinal label. Smoothing, focus and class weights (those of the training
    labels) are part of the validation loss too, which the epochs of one run therefore share, but
    not runs that differ in them: compare those by their scores. Raises ValueError where no output
    can have what is wanted; only `label_smoothing`, as a habit and no request, is then left out.
    """
    _check_possible(recipe, wanted)
    losses = {}
    for name, task in recipe.outputs.items():
        scale = scale_of(model, name)
        shape = _shape(name, task, wanted, targets or {})
        losses[name] = HEADS[task.kind].loss(task, scale, *shape)
        if wanted.teacher_share:
            taught = (task.kind, wanted.teacher_share, wanted.temperature, scale)
            losses[name] = TaughtLoss(losses[name], *taught)
        if wanted.mixed:
            losses[name] = MixedLoss(losses[name])
    return losses


def balanced_weights(task: Task, values: np.ndarray) -> tuple:
    """n / (C n_c) a class, C of which occur; (of no, of yes) a label of a yes-or-no task.

    Their mean over the labels given is 1, so a learning rate stays right. Unknown labels do not
    count; a class that does not occur weighs 1. King and Zeng, "Logistic regression in rare events
    data", Political Analysis 2001, section 4, as scikit-learn has it.
    """
    known = values[labelled(values)]
    if task.kind not in ("binary", "multilabel"):
        labels: tuple[str, ...] = task.spec.labels  # type: ignore[union-attr]
        return _balanced(np.bincount(known, minlength=len(labels)))
    yes = known.sum(axis=0)
    return tuple(_balanced(np.array(pair)) for pair in zip(len(known) - yes, yes, strict=True))


def _balanced(counts: np.ndarray) -> tuple[float, ...]:
    occur = max(int((counts > 0).sum()), 1)
    return tuple(float(counts.sum() / (occur * n)) if n else 1.0 for n in counts)


def _shape(
    name: str, task: Task, wanted: Wanted, targets: Mapping[str, np.ndarray]
) -> tuple[Shape, ...]:
    """The third argument of a head's `loss`; none for a head that has one loss only."""
    can = HEADS[task.kind].shapes
    if not can:
        return ()
    shape = PLAIN
    if "label_smoothing" in can:
        shape = shape._replace(smoothing=wanted.label_smoothing)
    if "focal" in can:
        shape = shape._replace(gamma=LOSSES[wanted.loss])
    if "class_weights" in can and wanted.class_weights == "balanced":
        if name not in targets:
            raise ValueError(f"class_weights='balanced' wants the training labels of {name!r}")
        shape = shape._replace(weights=balanced_weights(task, targets[name]))
    return (shape,)


def _check_possible(recipe: Recipe, wanted: Wanted) -> None:
    asked = {
        "focal": wanted.loss == "focal" and 'loss="focal"',
        "class_weights": wanted.class_weights == "balanced" and 'class_weights="balanced"',
    }
    for what, given in asked.items():
        if not given or any(what in HEADS[task.kind].shapes for task in recipe.outputs.values()):
            continue
        kinds = ", ".join(kind for kind, head in HEADS.items() if what in head.shapes)
        outputs = ", ".join(f"{name!r} ({task.kind})" for name, task in recipe.outputs.items())
        raise ValueError(
            f"{given} is for outputs of the kinds {kinds}; here are only {outputs}: leave it out"
        )
