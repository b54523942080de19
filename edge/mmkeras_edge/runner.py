"""Named raw inputs in, named answers out."""

from __future__ import annotations

import json
import os
import platform
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras_edge.branches import FUSED, Branches, open_branches
from mmkeras_edge.card import Card
from mmkeras_edge.file import ModelFile, open_file
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.readings import Reading
from mmkeras_edge.specs import presence_name
from mmkeras_edge.text import read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer


EXPORTED_ON = "ai-edge-litert"  # the runtime that files are checked on before they are written


def load(
    path: str | os.PathLike[str],
    threads: int | None = None,
    delegate: str | os.PathLike[str] | None = None,
    untrusted: bool = False,
) -> Model:
    """Opens an exported `.tflite`.

    `threads` defaults to the machine's cores, at most 4; `delegate` is the path of a delegate's
    library. An `untrusted` file is run in a process of its own first, with a limit of memory and of
    time: see `trial`. Raises FileNotFoundError, or ValueError for a file that is damaged, newer
    than this reader, whose card does not describe its graph, or that an older runtime gets wrong.
    """
    file = open_file(path)
    if untrusted:
        from mmkeras_edge.trial import trial

        trial(file.path)
    return model_of(file, threads, delegate)


def model_of(
    file: ModelFile,
    threads: int | None = None,
    delegate: str | os.PathLike[str] | None = None,
) -> Model:
    """What `load` makes of an opened file. Raises ValueError for a card that does not describe its
    graph, and where an older runtime gets it wrong."""
    model = Model(file, Graph(file.path, threads, delegate))
    if model.graph.runtime != EXPORTED_ON:
        from mmkeras_edge.verify import check_answers

        check_answers(model)
    return model


def _several(samples: Any) -> Iterable[Any]:
    if isinstance(samples, (Mapping, str)) or not isinstance(samples, Iterable):
        raise ValueError(
            f"wanted a list of dicts of inputs by name, received {type(samples).__name__}"
            + ("; one sample goes to predict" if isinstance(samples, Mapping) else "")
        )
    return samples


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
    """An exported file, ready to answer.

    Threads may share it: each prepares its own inputs at the same time as the others, and they take
    turns on the graph, which uses several cores by itself. For graphs that run at the same time,
    load the file once a thread.
    """

    file: ModelFile
    graph: Graph
    _lock: threading.Lock = field(
        default_factory=threading.Lock, repr=False
    )  # of what is made late

    def __post_init__(self) -> None:
        _check_agreement(self.file.card, self.graph, self.file.path)

    def predict(self, /, **sources: Any) -> dict[str, Reading]:
        """Raw inputs by name to what each output says; None or left out is absent."""
        return self.read(self.graph.run(self.load_sample(**sources)))

    def predict_batch(self, samples: Iterable[Mapping[str, Any]]) -> list[dict[str, Reading]]:
        """`predict` for many: dicts of raw inputs by name, to their answers in the same order.

        The graph takes one at a time; meanwhile two threads decode the next ones. Raises ValueError
        or FileNotFoundError with the number of the first sample that is wrong, counted from 0.
        """
        from mmkeras_edge.ahead import loaded_ahead

        answers = []
        for i, (_, feed) in enumerate(loaded_ahead(_several(samples), self._loaded)):
            try:
                answers.append(self.read(self.graph.run(feed.result())))
            except (ValueError, FileNotFoundError) as error:
                kind = FileNotFoundError if isinstance(error, FileNotFoundError) else ValueError
                raise kind(f"sample {i}: {error}") from error
        return answers

    def embed(self, /, **sources: Any) -> np.ndarray:
        """Raw inputs by name to the fused vector that all answers are read from, float32 (width,).

        It comes from the file's pieces, which are opened by the first call: their weights are then
        in memory a second time. Raises ValueError where the fusion has no such vector, or the file
        no pieces.
        """
        feed = self.load_sample(**sources)
        with self._lock:
            if not self._pieces.fuses:
                raise ValueError(
                    f"{self.file.path!r} has no fused vector: its fusion joins answers"
                )
            return self._pieces.run(feed)[FUSED]

    def load_sample(self, /, **sources: Any) -> dict[str, np.ndarray]:
        """Raw inputs by name to the arrays that the graph takes."""
        card = self.file.card
        return load_sample(sources, card.inputs, card.optional, self.tokenizer)

    def _loaded(self, sample: Any) -> dict[str, np.ndarray]:
        if not isinstance(sample, Mapping):
            raise ValueError(f"wanted a dict of inputs by name, received {type(sample).__name__}")
        return self.load_sample(**sample)

    def read(self, outputs: Mapping[str, np.ndarray]) -> dict[str, Reading]:
        """The graph's arrays to what they say, in the card's order."""
        return {n: spec.read(outputs[n]) for n, spec in self.file.card.outputs.items()}

    def info(self) -> dict[str, Any]:
        """What the file is and what runs it, as plain data."""
        return {
            "file": self.file.path,
            "bytes": os.path.getsize(self.file.path),
            "runtime": self.graph.runtime,
            "threads": self.graph.threads,
            "delegate": self.graph.delegate,
            "machine": platform.machine(),
            "python": platform.python_version(),
            **json.loads(self.file.card.to_json()),
        }

    @cached_property
    def tokenizer(self) -> Tokenizer | None:
        return read_tokenizer(self.file.tokenizer_json) if self.file.tokenizer_json else None

    @cached_property
    def _pieces(self) -> Branches:
        return open_branches(self.file, self.graph.threads)
