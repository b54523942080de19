"""How good a run is: each output against always saying the most frequent class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras.dataset import Batches
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run


@dataclass(frozen=True)
class Evaluation:
    """Accuracy by output (0 to 1), beside that of the most frequent class, over `rows` rows."""

    accuracy: Mapping[str, float]
    majority: Mapping[str, float]
    rows: int

    def __str__(self) -> str:
        lines = [f"{'output':<16}{'accuracy':>10}{'majority':>10}   {self.rows} rows"]
        for name, value in self.accuracy.items():
            lines.append(f"{name:<16}{value:>10.3f}{self.majority[name]:>10.3f}")
        return "\n".join(lines)


def evaluate(run: Run, data: Manifest | Prepared) -> Evaluation:
    """Evaluates the run's Keras model on every row."""
    data = run.prepare(data)
    return score(predict(run, data), data)


def predict(run: Run, data: Prepared) -> dict[str, np.ndarray]:
    """The Keras model's probabilities by output, (rows, labels)."""
    return run.model.predict(Batches(data, 256), verbose=0)


def score(outputs: Mapping[str, np.ndarray], data: Prepared) -> Evaluation:
    """Probabilities by output, (rows, labels), against the prepared answers."""
    wanted = data.answers()
    return Evaluation(
        accuracy={n: float((outputs[n].argmax(-1) == ids).mean()) for n, ids in wanted.items()},
        majority={n: float(np.bincount(ids).max() / len(ids)) for n, ids in wanted.items()},
        rows=len(data),
    )
