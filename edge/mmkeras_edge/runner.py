"""Named raw inputs in, named answers out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras_edge.card import Card
from mmkeras_edge.file import ModelFile, open_file
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.readings import Reading
from mmkeras_edge.specs import presence_name
from mmkeras_edge.text import read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def load(path: str | os.PathLike[str], threads: int | None = None) -> Model:
    """Opens an exported `.tflite`. `threads` defaults to the machine's cores, at most 4.

    Raises FileNotFoundError, or ValueError for a file that is damaged, newer than this reader, or
    whose card does not describe its graph.
    """
    file = open_file(path)
    return Model(file, Graph(file.path, threads))


def _check_agreement(card: Card, graph: Graph, path: str) -> None:
    fed = {name: spec.shape for name, spec in card.inputs.items()}
    fed.update({presence_name(name): () for name in card.optional})
    read = {name: spec.shape for name, spec in card.outputs.items()}
    shapes = {n: tuple(t["shape"][1:].tolist()) for n, t in graph.inputs.items()}
    answers = {n: tuple(graph.outputs[n]["shape"][1:].tolist()) for n in read if n in graph.outputs}
    if shapes != fed or answers != read:
        raise ValueError(
            f"{path!r}: its card says {fed} -> {read}, its graph has {shapes} -> {answers}"
        )


@dataclass(frozen=True, eq=False)
class Model:
    """An exported file, ready to answer. One call at a time: make one Model a thread."""

    file: ModelFile
    graph: Graph

    def __post_init__(self) -> None:
        _check_agreement(self.file.card, self.graph, self.file.path)

    def predict(self, /, **sources: Any) -> dict[str, Reading]:
        """Raw inputs by name to what each output says; None or left out is absent."""
        return self.read(self.graph.run(self.load_sample(**sources)))

    def load_sample(self, /, **sources: Any) -> dict[str, np.ndarray]:
        """Raw inputs by name to the arrays that the graph takes."""
        card = self.file.card
        return load_sample(sources, card.inputs, card.optional, self.tokenizer)

    def read(self, outputs: Mapping[str, np.ndarray]) -> dict[str, Reading]:
        """The graph's arrays to what they say, in the card's order."""
        return {n: spec.read(outputs[n]) for n, spec in self.file.card.outputs.items()}

    def info(self) -> dict[str, Any]:
        """What the file is and what runs it, as plain data."""
        import json

        card = json.loads(self.file.card.to_json())
        return {
            "file": self.file.path,
            "bytes": os.path.getsize(self.file.path),
            "runtime": self.graph.runtime,
            "threads": self.graph.threads,
            **card,
        }

    @cached_property
    def tokenizer(self) -> Tokenizer | None:
        return read_tokenizer(self.file.tokenizer_json) if self.file.tokenizer_json else None
