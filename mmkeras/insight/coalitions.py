"""What a model answers with every choice of its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmkeras.insight.removal import without
from mmkeras.insight.shapley import MOST, coalitions
from mmkeras.insight.subject import Subject
from mmkeras.insight.waiting import waiting
from mmkeras.prepared import Prepared

if TYPE_CHECKING:
    from mmkeras.run import Run
    from mmkeras.shipped import Shipped

Answers = Mapping[str, np.ndarray]


def answers_of(subject: Subject) -> dict[frozenset[str], Answers]:
    """By which inputs are there: all choices of up to `MOST` inputs; of more, all, each alone and
    each left out.

    Who has nothing is answered by the mean of all answers, and so is a row of which nothing is
    left.
    """
    names = list(subject.data.inputs)
    whole = frozenset(names)
    found: dict[frozenset[str], Answers] = {whole: subject.outputs}
    for these in waiting(_choices(names), "choices of inputs"):
        found[these] = _answers(subject.model, subject.data, these, subject.outputs)
    return {these: found[these] for these in sorted(found, key=len)}


def _choices(names: Sequence[str]) -> list[frozenset[str]]:
    """All but the whole."""
    every = frozenset(names)
    if len(names) <= MOST:
        return [these for these in coalitions(names) if these != every]
    return [frozenset(), *(frozenset({n}) for n in names), *(every - {n} for n in names)]


def _answers(
    model: Run | Shipped, data: Prepared, these: frozenset[str], whole: Answers
) -> Answers:
    nobody = {name: np.broadcast_to(of.mean(axis=0), of.shape) for name, of in whole.items()}
    if not these:
        return nobody
    left = without(data, [name for name in data.inputs if name not in these])
    some = np.any([data.inputs[n].present(np.arange(len(data))) for n in these], axis=0)
    found = model.predict(left)
    return {name: np.where(some[:, None], of, nobody[name]) for name, of in found.items()}
