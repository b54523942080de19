"""An exported file, taken as a run is: it prepares rows, predicts and is evaluated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import mmkeras_edge
from mmkeras.fitted import fitted
from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras_edge.outputs import OutputSpec

BATCH = 256  # rows that are held as arrays at once


@dataclass(frozen=True, eq=False)
class Shipped:
    """An exported file; `model` is it on the device's runtime, which answers raw inputs."""

    model: mmkeras_edge.Model
    recipe: Recipe

    @property
    def path(self) -> Path:
        return Path(self.model.file.path)

    @property
    def tokenizer_json(self) -> str | None:
        return self.model.file.tokenizer_json

    def prepare(self, data: Manifest | Prepared) -> Prepared:
        """A manifest as the arrays that this file takes; see `Run.prepare`."""
        return fitted(data, self.recipe, self.tokenizer_json)

    def predict(self, data: Manifest | Prepared) -> dict[str, np.ndarray]:
        """What the file's outputs stand for, (rows, values) by name, under its temperature; row by
        row, as on a device."""
        prepared = self.prepare(data)
        answers = []
        for first in range(0, len(prepared), BATCH):
            rows = np.arange(first, min(first + BATCH, len(prepared)))
            feed = prepared.feed(rows)
            for row in range(len(rows)):
                sample = {name: array[row] for name, array in feed.items()}
                answers.append(self.model.graph.run(sample))
        return {
            name: spec.answer(np.stack([answer[name] for answer in answers]))
            for name, spec in self.specs.items()
        }

    @property
    def specs(self) -> Mapping[str, OutputSpec]:
        """How each output reads, with the threshold and the temperature that the file has."""
        return self.model.file.card.outputs

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each input by name, as a manifest has them."""
        return {name: source.kind for name, source in self.recipe.inputs.items()}


def open_shipped(path: str | os.PathLike[str]) -> Shipped:
    """Opens an exported `.tflite`.

    Raises FileNotFoundError, or ValueError for a file that is damaged, was not written by
    mmkeras_export, or whose card has no recipe that this version can read.
    """
    model = mmkeras_edge.load(path)
    try:
        recipe = Recipe.from_dict(model.file.card.recipe)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{os.fspath(path)!r}: the recipe in its card cannot be read ({error!r}); export it "
            "again with: mmkeras export RUN -o FILE"
        ) from error
    return Shipped(model, recipe)
