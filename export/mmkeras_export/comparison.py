"""The very file on the device's runtime, beside the Keras model that it came from."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras_edge.graph import Graph

Arrays = Mapping[str, np.ndarray]  # by input or output name, one row a sample


@dataclass(frozen=True)
class Comparison:
    """By output: how far a file's answers are from Keras', and how good both are (0 to 1)."""

    rows: int
    max_difference: Mapping[str, float]  # of a probability
    agreement: Mapping[str, float]  # share of rows with the same class
    keras_accuracy: Mapping[str, float]
    accuracy: Mapping[str, float]
    majority: Mapping[str, float]  # accuracy of always saying the most frequent class

    def to_dict(self) -> dict[str, Any]:
        return {n: dict(v) if isinstance(v, Mapping) else v for n, v in vars(self).items()}


def run_lite(lite: bytes, feed: Arrays) -> dict[str, np.ndarray]:
    """Runs a TFLite model over rows, (N, ...) by input name, to (N, ...) by output name."""
    graph = Graph(lite)
    answers = [graph.run(sample) for sample in rows_of(feed)]
    return {name: np.stack([answer[name] for answer in answers]) for name in graph.outputs}


def median_ms(lite: bytes, feed: Arrays, runs: int = 30) -> float:
    """Milliseconds of one sample on this machine, as `Graph` runs it: the median of `runs`."""
    graph = Graph(lite)
    samples = rows_of(feed)
    times_s = []
    for i in range(runs + 3):  # the first ones fill caches
        start = time.perf_counter()
        graph.run(samples[i % len(samples)])
        times_s.append(time.perf_counter() - start)
    return 1000 * float(np.median(times_s[3:]))


def compare(expected: Arrays, found: Arrays, answers: Arrays) -> Comparison:
    """Probabilities of Keras and of a file, (N, labels) by output, and the class ids, (N,)."""
    classes = {name: (expected[name].argmax(-1), found[name].argmax(-1)) for name in answers}
    return Comparison(
        rows=len(next(iter(answers.values()))),
        max_difference={n: float(np.abs(expected[n] - found[n]).max()) for n in answers},
        agreement={n: float((keras == lite).mean()) for n, (keras, lite) in classes.items()},
        keras_accuracy={n: float((classes[n][0] == ids).mean()) for n, ids in answers.items()},
        accuracy={n: float((classes[n][1] == ids).mean()) for n, ids in answers.items()},
        majority={n: float(np.bincount(ids).max() / len(ids)) for n, ids in answers.items()},
    )


def rows_of(feed: Arrays) -> list[dict[str, np.ndarray]]:
    """Arrays of N rows as N samples without batch axis."""
    count = len(next(iter(feed.values())))
    return [{name: array[i] for name, array in feed.items()} for i in range(count)]
