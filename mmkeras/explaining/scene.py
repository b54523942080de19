"""A question put to a model about one input, while the others stay as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from mmkeras.explaining.gradients import score_and_gradients
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
        tensors = {path: ops.convert_to_tensor(of) for path, of in points.items()}
        return ops.convert_to_numpy(self._score(tensors, count))

    def gradients(self, points: Points, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Scores, (count,), and how each changes with the numbers of its row."""
        return score_and_gradients(lambda tensors: self._score(tensors, count), points)

    def _score(self, tensors: Mapping[str, Any], count: int) -> Any:
        held = {path: np.repeat(of, count, axis=0) for path, of in self.held.items()}
        output = self.question.output
        walk = Walk({**held, **tensors}, {output}, needless(self.model, held))
        walk.through(self.model, repeated(self.sample.feed, count))
        return self.question.score(walk.given[output], walk.taken[output][0])


def scene_of(usual: Usual, sample: Sample, question: Question, name: str) -> Scene:
    """Of one input that the sample has."""
    model, recipe = usual.run.model, usual.run.recipe
    others = [other for other in recipe.inputs if other != name]
    paths = [path for other in others for path in fed_to_fusion(model, recipe, other)]
    walk = Walk(wanted=paths)
    walk.through(model, sample.feed)
    held = {path: ops.convert_to_numpy(of) for path, of in walk.given.items()}
    return Scene(usual, sample, question, name, held)
