"""A question put to a model about one input, while the others stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.explaining.gradients import compiled, with_gradients
from mmkeras.explaining.question import Question
from mmkeras.explaining.sample import Feed, Sample, Usual, repeated
from mmkeras.explaining.seams import fed_to_fusion
from mmkeras.explaining.walking import Walk, needless

CHUNK = 16  # rows at once

Points = Mapping[str, np.ndarray]  # by path; the first axis holds rows, or rows times frames


@dataclass(frozen=True, eq=False)
class Scene:
    """What the other inputs say of the sample is computed once, in `held`."""

    usual: Usual
    sample: Sample
    question: Question
    name: str
    held: Mapping[str, np.ndarray]

    @property
    def model(self) -> Any:
        return self.usual.run.model

    def values(self, paths: Sequence[str], feed: Feed | None = None) -> dict[str, np.ndarray]:
        """What these layers give, by path."""
        feed = self.sample.feed if feed is None else feed
        walk = Walk(wanted=paths)
        walk.through(self.model, feed)
        found = {name: of for name, of in feed.items() if name in paths}
        return {**found, **{path: ops.convert_to_numpy(of) for path, of in walk.given.items()}}

    def taken_away(self) -> dict[str, np.ndarray]:
        """The sample with what says nothing in the place of the input, as if it were there."""
        return {**self.sample.feed, self.name: self.usual.nothing[self.name][None]}

    def scores(self, points: Points, count: int) -> np.ndarray:
        """Of `count` rows that have these numbers there, (count,)."""
        return ops.convert_to_numpy(
            self._compiled(compiled, points)(*self._arguments(points, count))
        )

    def gradients(self, points: Points, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Scores, (count,), and how each changes with the numbers of its row."""
        found = self._compiled(with_gradients, points)(*self._arguments(points, count))
        scores, gradients = keras.tree.map_structure(ops.convert_to_numpy, found)
        return scores, gradients

    def _arguments(self, points: Points, count: int) -> tuple[dict[str, Any], ...]:
        chosen = {"label": self.question.chosen}
        parts = points, repeated(self.held, count), repeated(self.sample.feed, count), chosen
        return tuple({n: ops.convert_to_tensor(of) for n, of in part.items()} for part in parts)

    def _compiled(self, how: Callable[..., Any], points: Points) -> Callable[..., Any]:
        """Made once for all samples and labels."""
        key = (how, self.question.output, self.question.no, tuple(self.held), tuple(points))
        if key not in self.usual.functions:
            self.usual.functions[key] = how(_scorer(self.model, self.question, tuple(self.held)))
        return self.usual.functions[key]


def _scorer(model: keras.Model, question: Question, held: Sequence[str]) -> Callable[..., Any]:
    """(points, what is held, feed, {"label": one-hot}) -> scores (B,)."""
    idle, output = needless(model, held), question.output

    def score(points: Any, known: Any, feed: Any, chosen: Any) -> Any:
        walk = Walk({**known, **points}, {output}, idle)
        walk.through(model, feed)
        return question.score(walk.given[output], walk.taken[output][0], chosen["label"])

    return score


def scene_of(usual: Usual, sample: Sample, question: Question, name: str) -> Scene:
    """Of one input that the sample has."""
    model, recipe = usual.run.model, usual.run.recipe
    others = [other for other in recipe.inputs if other != name]
    paths = [path for other in others for path in fed_to_fusion(model, recipe, other)]
    walk = Walk(wanted=paths)
    walk.through(model, sample.feed)
    held = {path: ops.convert_to_numpy(of) for path, of in walk.given.items()}
    return Scene(usual, sample, question, name, held)
