"""A large run teaches a smaller model: its answers to the training rows are learned beside labels,
and, where `teacher_features` is above 0, what it fuses, as in `mmkeras.hint`.

Both are computed once, before the first epoch, on the rows as they are: the teacher's towers see
each distinct file once, and what it said is kept with the checkpoint, so that a training goes on
without it. The price is that the student, which sees rows augmented, is told what the teacher says
of the plain ones: Beyer et al., "Knowledge distillation: a good teacher is patient and consistent",
CVPR 2022, compare the two.

`keras.distillation.Distiller` runs the teacher in every step instead, on the student's own inputs:
it refuses a teacher that wants pictures of another size, cannot know that token ids are others, and
leaves sample weights out, so that unknown labels would count. Its `LogitsDistillation` wants logits
(with KLDivergence() named as an object: given by its name, the default of Keras 3.15, it forgets
the softmax); `mmkeras.heads.divergence` computes the same of probabilities.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from mmkeras.dataset import Batches
from mmkeras.frozen import frozen_inputs, head_model, through_towers
from mmkeras.hint import check_fused, fused_vector, standardised
from mmkeras.manifest import Manifest, digest
from mmkeras.prepare import prepare
from mmkeras.recipe import FUSED, Recipe
from mmkeras.run import MODEL, Run, load
from mmkeras.tasks import Task
from mmkeras.taught import Lesson

Teacher = Run | str | os.PathLike[str]
SAME = ("labels", "levels")  # of a task, that the numbers of an answer stand for


def opened(teacher: Teacher) -> Run:
    """The run itself, or the one in a folder."""
    return teacher if isinstance(teacher, Run) else load(teacher)


def described(teacher: Run) -> dict[str, Any]:
    """Which one it is, for JSON: its folder and the digest of its model, of its weights if it was
    not stored."""
    if teacher.path is not None:
        path = teacher.path.absolute()
        return {"path": str(path), "sha256": digest(path / MODEL)}
    found = hashlib.sha256()
    for weight in teacher.model.get_weights():
        found.update(weight.tobytes())
    return {"path": None, "sha256": found.hexdigest()}


def lesson_of(teacher: Run, recipe: Recipe, rows: Manifest, features: bool = False) -> Lesson:
    """What a teacher says to each row, by the outputs of a student's recipe, and, for `features`,
    what it fuses.

    The rows are prepared as the teacher wants them; one that it cannot take has neither. Raises
    ValueError for outputs that it does not have alike, for inputs that the rows do not have, and
    for features of a teacher that fuses none.
    """
    check_teacher(teacher.recipe, recipe, features)
    missing = [name for name in teacher.recipe.inputs if name not in rows.inputs]
    if missing:
        raise ValueError(
            f"the teacher takes {', '.join(map(repr, missing))} too, and {rows.path} was loaded "
            f"with {', '.join(map(repr, rows.inputs))}: name these columns as well"
        )
    wanted = replace(teacher.recipe, outputs=recipe.outputs)
    data = prepare(rows, wanted, teacher.tokenizer_json, keep_unlabelled=True)
    model, towers = teacher.model, frozen_inputs(wanted, also=tuple(wanted.inputs))
    if towers:
        data, model = through_towers(model, towers, data), head_model(model, towers)
    if features:
        model = keras.Model(model.input, {**model.output, FUSED: fused_vector(model)})
    said = model.predict(Batches(data, 256), verbose=0)
    places = np.searchsorted(rows.lines, data.manifest.lines)
    answers = {name: _spread(said[name], places, len(rows)) for name in recipe.outputs}
    if not features:
        return Lesson(answers)
    return Lesson(answers, _spread(standardised(said[FUSED]), places, len(rows)))


def check_teacher(teacher: Recipe, student: Recipe, features: bool) -> None:
    """Raises ValueError unless a teacher of this recipe can teach a student of that one."""
    check_outputs(teacher, student)
    if features:
        check_fused({"teacher": teacher, "student": student})


def check_outputs(teacher: Recipe, student: Recipe) -> None:
    """Raises ValueError unless the teacher has every output of the student, with the same labels.

    Thresholds, units and weights may differ: they do not change what the numbers stand for.
    """
    wrong = []
    for name, task in student.outputs.items():
        if name not in teacher.outputs:
            wrong.append(f"{name!r} is no output of the teacher, which has {_all(teacher.outputs)}")
        else:
            wrong += [f"{name!r} {what}" for what in _differences(teacher.outputs[name], task)]
    if wrong:
        raise ValueError(
            f"the teacher cannot teach this: {'; '.join(wrong)}. Train one with the same targets"
        )


def warn_of_seen(teacher: Run, data: Mapping[str, Any]) -> None:
    """Warns of rows that the teacher learned from and that are left to test the student with."""
    learned = teacher.about.get("data", {})
    if learned.get("sha256") != data["sha256"]:
        return
    seen = set(learned["lines"]["train"])
    seen -= {*data["lines"]["train"], *data["lines"]["valid"]}
    if seen:
        warnings.warn(
            f"the teacher learned from {len(seen)} rows of {data['path']} that are test rows here, "
            "and are no fair test any more: split with the teacher's seed",
            stacklevel=4,  # who calls `fit`
        )


def _differences(teacher: Task, student: Task) -> list[str]:
    if teacher.kind != student.kind:
        return [f"is {teacher.kind} for the teacher and {student.kind} here"]
    found = []
    for field in SAME:
        known, wanted = (tuple(getattr(task, field, ())) for task in (teacher, student))
        more, fewer = set(known) - set(wanted), set(wanted) - set(known)
        if fewer:
            found.append(f"has {field} that the teacher does not know: {_all(fewer)}")
        if more:
            found.append(f"lacks {field} of the teacher: {_all(more)}")
        if known != wanted and not (more or fewer):
            found.append(f"has the {field} of the teacher in another order: {_all(known)} there")
    return found


def _all(names: Any) -> str:
    shown = [str(name) for name in (sorted(names) if isinstance(names, set) else names)]
    return ", ".join(shown[:9]) + (", ..." if len(shown) > 9 else "")


def _spread(said: np.ndarray, places: np.ndarray, rows: int) -> np.ndarray:
    answers = np.full((rows, said.shape[1]), np.nan, np.float32)
    answers[places] = said
    return answers
