"""The very file on the device's runtime, beside the Keras model that it came from."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.evaluation import figures_of
from mmkeras.heads import HEADS
from mmkeras.targets import labelled
from mmkeras_edge.graph import Graph
from mmkeras_edge.outputs import OutputSpec

CLOSE = 0.1  # standard deviations of the labels between numbers that agree
WARM_UP = 3  # runs that are not counted: the first ones fill caches

Arrays = Mapping[str, np.ndarray]  # by input or output name, one row a sample


@dataclass(frozen=True)
class Seen:
    """One output of a file beside Keras': how far, and how good by the measure of its kind."""

    measure: str
    higher: bool  # is better
    keras: float
    file: float
    constant: float  # of the best answer that never looks, as the most frequent class
    agreement: float  # share of rows that say the same: see `agreement_of`
    max_difference: float  # of a probability; of a number, in deviations of its labels
    rows: int  # that have its label


@dataclass(frozen=True)
class Comparison:
    """A file's answers beside those of Keras, by output, over `rows` rows."""

    rows: int
    outputs: Mapping[str, Seen]

    @property
    def max_difference(self) -> dict[str, float]:
        return {name: seen.max_difference for name, seen in self.outputs.items()}

    @property
    def agreement(self) -> dict[str, float]:
        return {name: seen.agreement for name, seen in self.outputs.items()}

    @property
    def keras_accuracy(self) -> dict[str, float]:
        """Of the outputs that accuracy decides, as in the following two."""
        return {name: seen.keras for name, seen in self._by_accuracy()}

    @property
    def accuracy(self) -> dict[str, float]:
        return {name: seen.file for name, seen in self._by_accuracy()}

    @property
    def majority(self) -> dict[str, float]:
        """Accuracy of always saying the most frequent class."""
        return {name: seen.constant for name, seen in self._by_accuracy()}

    def _by_accuracy(self) -> list[tuple[str, Seen]]:
        return [(n, seen) for n, seen in self.outputs.items() if seen.measure == "accuracy"]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        of_all = ("max_difference", "agreement", "keras_accuracy", "accuracy", "majority")
        outputs = {name: vars(seen) for name, seen in self.outputs.items()}
        return {"rows": self.rows, **{n: getattr(self, n) for n in of_all}, "outputs": outputs}


def run_lite(lite: bytes, feed: Arrays) -> dict[str, np.ndarray]:
    """Runs a TFLite model over rows, (N, ...) by input name, to (N, ...) by output name."""
    graph = Graph(lite)
    answers = [graph.run(sample) for sample in rows_of(feed)]
    return {name: np.stack([answer[name] for answer in answers]) for name in graph.outputs}


def median_ms(lite: bytes, feed: Arrays, runs: int = 30) -> float:
    """Milliseconds of one sample on this machine, as `Graph` runs it: the median of `runs`."""
    return medians_ms([lite], feed, runs)[0]


def medians_ms(lites: Sequence[bytes], feed: Arrays, runs: int = 30) -> list[float]:
    """The same of several files. They take turns: what else the machine does slows all alike."""
    graphs, samples = [Graph(lite) for lite in lites], rows_of(feed)
    times_s = np.zeros((WARM_UP + runs, len(graphs)))
    for turn in range(len(times_s)):
        for i, graph in enumerate(graphs):
            start = time.perf_counter()
            graph.run(samples[turn % len(samples)])
            times_s[turn, i] = time.perf_counter() - start
    return [float(ms) for ms in 1e3 * np.median(times_s[WARM_UP:], axis=0)]


def compare(
    expected: Arrays, found: Arrays, answers: Arrays, specs: Mapping[str, OutputSpec]
) -> Comparison:
    """Outputs of Keras and of a file, (N, values) by name, and the labels as `Prepared` has them.

    `specs` are those of `specs_of(model, recipe)`, or of a file's card: they know the scale.
    """
    seen = {name: _seen(specs[name], expected[name], found[name], answers[name]) for name in specs}
    return Comparison(rows=len(next(iter(answers.values()))), outputs=seen)


def _seen(spec: OutputSpec, keras: np.ndarray, lite: np.ndarray, truth: np.ndarray) -> Seen:
    decides = HEADS[spec.kind].measures[0]
    figures = [figures_of(spec, truth, outputs) for outputs in (keras, lite, None)]
    by_keras, by_file, constant = (of.get(decides.name, math.nan) for of in figures)
    return Seen(
        measure=decides.name,
        higher=decides.higher,
        keras=by_keras,
        file=by_file,
        constant=constant,
        agreement=agreement_of(spec, keras, lite),
        max_difference=float(np.abs(keras - lite).max()) / spec.scale,
        rows=int(labelled(truth).sum()),
    )


def agreement_of(spec: OutputSpec, one: np.ndarray, other: np.ndarray) -> float:
    """Share of rows in which both say the same: the same labels, or numbers that are all within a
    tenth of the labels' standard deviation."""
    said = HEADS[spec.kind].said
    if said is None:
        alike = np.abs(one - other) <= CLOSE * spec.scale
    else:
        alike = said(spec, one) == said(spec, other)
    return float(alike.reshape(len(one), -1).all(axis=1).mean())


def rows_of(feed: Arrays) -> list[dict[str, np.ndarray]]:
    """Arrays of N rows as N samples without batch axis."""
    count = len(next(iter(feed.values())))
    return [{name: array[i] for name, array in feed.items()} for i in range(count)]
