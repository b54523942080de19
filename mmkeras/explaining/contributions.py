"""What each input of a sample added to its answer: exact Shapley values over all choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmkeras.explaining.question import Question
from mmkeras.explaining.sample import Sample, Usual, answer, without
from mmkeras.insight.shapley import MOST, coalitions, interactions, shapley


@dataclass(frozen=True)
class Contributions:
    """From what is answered without any input to what is answered with all, and what each added.

    They are exact up to 5 inputs, and then sum up to the difference; of more, each is what is lost
    when it alone is taken away. `pairs` is what two are worth beyond what both bring apart. The
    unit is that of the answer: probability, or the number's own.
    """

    whole: float
    nothing: float
    inputs: dict[str, float]
    pairs: dict[str, float]
    exact: bool


def contributions(usual: Usual, sample: Sample, question: Question) -> Contributions:
    """Of the inputs that the sample has; what is absent adds nothing.

    An input is taken away as `mmkeras.insight` does it, and nobody is answered by the mean answer
    to the usual rows.
    """
    names = sample.present
    every = frozenset(names)
    exact = len(names) <= MOST
    choices = list(coalitions(names))[1:] if exact else [every, *(every - {n} for n in names)]
    values = question.worth(_answers(usual, sample, choices)[question.output])
    nobody = float(question.worth(usual.answer[question.output])[0])
    worth = {frozenset[str](): nobody, **dict(zip(choices, map(float, values), strict=True))}
    if not exact:
        lost = {name: worth[every] - worth[every - {name}] for name in names}
        return Contributions(worth[every], nobody, lost, {}, exact)
    shares = {name: float(of) for name, of in shapley(worth, names).items()}
    pairs = {" + ".join(two): float(of) for two, of in interactions(worth, names).items()}
    return Contributions(worth[every], nobody, shares, pairs, exact)


def _answers(
    usual: Usual, sample: Sample, choices: Sequence[frozenset[str]]
) -> dict[str, np.ndarray]:
    """To each choice of inputs, a row each."""
    rows = []
    for these in choices:
        feed = dict(sample.feed)
        for name in sample.present:
            if name not in these:
                feed = without(usual, feed, name)
        rows.append(feed)
    together = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return answer(usual.run, together)
