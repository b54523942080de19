"""What answers in a stream: the pieces of a model, each run when its input changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from mmkeras_edge.branches import Branches, Features, open_branches
from mmkeras_edge.file import ModelFile
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_input
from mmkeras_edge.runner import EXPORTED_ON, model_of
from mmkeras_edge.runtimes import find_runtime
from mmkeras_edge.specs import InputSpec, presence_name
from mmkeras_edge.streaming.feeding import log

T = TypeVar("T")


class Whole:
    """A model without pieces, seen as if its fusion took the inputs themselves."""

    names: tuple[str, ...] = ()

    def __init__(self, graph: Graph):
        self._graph = graph

    def features(self, name: str, array: np.ndarray) -> Features:
        return {name: array}

    def fuse(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._graph.run(features)


Engine = Branches | Whole


def open_engine(file: ModelFile, threads: int | None) -> Engine:
    """Of a file in pieces the whole is opened where its runtime must be checked, and let go."""
    if not file.card.branches_root:
        return Whole(model_of(file, threads).graph)
    if find_runtime().name != EXPORTED_ON:
        model_of(file, threads)
    return open_branches(file, threads)


class Seen:
    """What the model last saw of an input, and what its branch made of it.

    `absent` is why there is nothing, None where there is something; `still` how little counts as no
    change.
    """

    def __init__(self, name: str, spec: InputSpec, optional: bool, still: float):
        self.name, self.spec, self.optional, self.still = name, spec, optional, still
        self.absent: str | None = ""  # before the first look, for no reason
        self.raw: Any = None
        self._array: np.ndarray | None = None
        self._features: Features | None = None
        self._missing: Features | None = None

    def update(self, fault: str | None, raw: Any, tokenizer: Any, silent: bool) -> bool:
        """Whether the model now sees something else; `raw` is None where nothing is new.

        One reason for absence after another is no change, but for a stream that is `silent`.
        """
        array = None
        if fault is None and raw is not None:
            array, fault = self._loaded(raw, tokenizer)
        if array is not None:
            back = self.absent is not None
            self.absent, self.raw = None, raw
            if not back and _same(self._array, array, self.still):
                return False
            self._array, self._features = array, None
            return True
        if fault is None or fault == self.absent:
            return False
        first, self.absent, self.raw = self.absent, fault, None
        return first is None or silent

    def _loaded(self, raw: Any, tokenizer: Any) -> tuple[np.ndarray | None, str | None]:
        """The array, or why it cannot be had."""
        try:
            return load_input(raw, self.spec, tokenizer), None
        except (ValueError, OSError, ImportError) as error:
            fault = " ".join(str(error).split())
            if self.absent != fault:
                log.warning("%s: cannot be read: %s", self.name, fault)
            return None, fault

    def features(self, engine: Engine, ran_ms: dict[str, float]) -> Features:
        """What it brings to the fusion; its branch runs only if it changed."""
        there = self.absent is None
        if there and self._features is None:
            assert self._array is not None
            seen = self._array
            self._features = timed(ran_ms, self.name, lambda: engine.features(self.name, seen))
        if not there and self._missing is None:  # what the model was trained to see: zeros, absent
            nothing = np.zeros(self.spec.shape, self.spec.dtype)
            self._missing = engine.features(self.name, nothing)
        found = self._features if there else self._missing
        assert found is not None
        if not self.optional:
            return found
        return {**found, **engine.features(presence_name(self.name), np.array(there))}


def _same(before: np.ndarray | None, array: np.ndarray, still: float) -> bool:
    """Against what the branch last ran on, so that a slow drift is not missed."""
    if before is None:
        return False
    if np.array_equal(before, array, equal_nan=array.dtype.kind == "f"):
        return True
    return bool(still and np.abs(array.astype(np.float32) - before).mean() <= still)


def timed(into: dict[str, float], name: str, call: Callable[[], T]) -> T:
    """What `call` gives; its milliseconds go `into` the dict under that name."""
    begin = time.perf_counter()
    found = call()
    into[name] = 1e3 * (time.perf_counter() - begin)
    return found
