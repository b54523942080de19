"""How good a run is: each output against the best answer that never looks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mmkeras.heads import HEADS
from mmkeras.insight.intervals import Draws, Span, intervals_of
from mmkeras.manifest import Manifest
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras.shipped import Shipped
from mmkeras.targets import labelled
from mmkeras_edge.outputs import OutputSpec

Figures = Mapping[str, float]  # by measure, the one that decides first


@dataclass(frozen=True)
class Evaluation:
    """Figures by output, beside those of a constant answer, over `rows` rows.

    The constant answer is the most frequent class, the median or the like. `labelled` is how many
    rows have the output's label; only they count. `intervals` are those of 95 percent: as far as
    these few rows can tell.
    """

    figures: Mapping[str, Figures]
    baseline: Mapping[str, Figures]
    labelled: Mapping[str, int]
    rows: int
    intervals: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)

    @property
    def accuracy(self) -> dict[str, float]:
        """Accuracy (0 to 1) of each output that is measured by it."""
        return _accuracy(self.figures)

    @property
    def majority(self) -> dict[str, float]:
        """The same of always saying the most frequent class."""
        return _accuracy(self.baseline)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"accuracy": self.accuracy, "majority": self.majority, **vars(self)}

    def __str__(self) -> str:
        if len(self.accuracy) == len(self.figures):
            lines = [f"{'output':<16}{'accuracy':>10}{'majority':>10}   {self.rows} rows"]
            for name, value in self.accuracy.items():
                span = self._span(name, "accuracy")
                lines.append(f"{name:<16}{value:>10.3f}{self.majority[name]:>10.3f}{span}")
            return "\n".join(lines)
        head = f"{'output':<16}{'measure':<20}{'model':>10}{'constant':>10}   {self.rows} rows"
        lines = [head]
        for name, figures in self.figures.items():
            constant = self.baseline[name]
            for measure, value in figures.items():
                beside = f"{constant[measure]:>10.4g}" if measure in constant else " " * 10
                span = self._span(name, measure)
                lines.append(f"{name:<16}{measure:<20}{value:>10.4g}{beside}{span}".rstrip())
        return "\n".join(lines)

    def _span(self, output: str, measure: str) -> str:
        span = self.intervals.get(output, {}).get(measure)
        return "" if span is None else f"   {span.low:.3g} to {span.high:.3g}"


def evaluate(run: Run | Shipped, data: Manifest | Prepared) -> Evaluation:
    """Evaluates a run's Keras model, or an exported file, on every row.

    The intervals are drawn by the manifest's `group`, where it has one.
    """
    data = run.prepare(data)
    outputs = run.predict(data)
    found, draws = score(outputs, data, run.specs), Draws(len(data), groups_of(data.manifest))
    spans = {}
    for name, truth in data.answers().items():
        known = labelled(truth)
        seen = truth[known], outputs[name][known], known
        spans[name] = intervals_of(run.specs[name], *seen, draws)
    return replace(found, intervals=spans)


def groups_of(manifest: Manifest) -> list[str] | None:
    """The group of each row, where the manifest has groups."""
    return list(manifest.table[manifest.group]) if manifest.group else None


def predict(run: Run | Shipped, data: Manifest | Prepared) -> dict[str, np.ndarray]:
    """What the outputs of a run's Keras model, or of an exported file, hold: (rows, values)."""
    return run.predict(data)


def score(
    outputs: Mapping[str, np.ndarray],
    data: Prepared,
    specs: Mapping[str, OutputSpec] | None = None,
) -> Evaluation:
    """Outputs by name, (rows, values), against the prepared labels; `specs` are the recipe's."""
    specs = specs or {name: task.spec for name, task in data.recipe.outputs.items()}
    wanted = data.answers()
    return Evaluation(
        figures={n: figures_of(specs[n], of, outputs[n]) for n, of in wanted.items()},
        baseline={n: figures_of(specs[n], of) for n, of in wanted.items()},
        labelled={n: int(labelled(of).sum()) for n, of in wanted.items()},
        rows=len(data),
    )


def figures_of(
    spec: OutputSpec, truth: np.ndarray, outputs: np.ndarray | None = None
) -> dict[str, float]:
    """Every measure of an output's kind over the rows that have its label; without `outputs`, of
    the best constant answer. Empty for no such row; a measure that has no value is left out."""
    head, known = HEADS[spec.kind], labelled(truth)
    if not known.any():
        return {}
    truth = truth[known]
    if outputs is None:
        answers = np.tile(head.constant(spec, truth), (len(truth), 1))
    else:
        answers = outputs[known]
    found = {measure.name: measure.of(spec, truth, answers) for measure in head.measures}
    return {name: value for name, value in found.items() if not math.isnan(value)}


def _accuracy(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Of the outputs that it decides."""
    first = {name: next(iter(of.items()), ("", 0.0)) for name, of in figures.items()}
    return {name: value for name, (measure, value) in first.items() if measure == "accuracy"}
