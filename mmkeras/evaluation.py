"""How good a run is: each output against the best answer that never looks."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from mmkeras.heads import HEADS
from mmkeras.insight.intervals import Draws, Span, intervals_of
from mmkeras.insight.plain import plain
from mmkeras.manifest import Manifest
from mmkeras.plain_file import write_json
from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras.shipped import Shipped
from mmkeras.targets import labelled
from mmkeras_edge.inputs import pick
from mmkeras_edge.outputs import OutputSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmkeras.insight.subject import Options

PLAIN = "evaluation.json"
WIDTH = 110  # of printed tables

Figures = Mapping[str, float]  # by measure, the one that decides first


@dataclass(frozen=True)
class Evaluation:
    """Figures by output, beside those of a constant answer, over `rows` rows.

    The constant answer is the most frequent class, the median or the like. `labelled` is how many
    rows have the output's label; only they count. `intervals` are those of 95 percent: as far as
    these few rows can tell. `parts` is what else was asked for, by part and output: see
    `mmkeras.insight.PARTS`.
    """

    figures: Mapping[str, Figures]
    baseline: Mapping[str, Figures]
    labelled: Mapping[str, int]
    rows: int
    intervals: Mapping[str, Mapping[str, Span]] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

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
        parts = {
            part: {output: found.to_dict() for output, found in results.items()}
            for part, results in self.parts.items()
        }
        of_all = {"accuracy": self.accuracy, "majority": self.majority}
        return {**of_all, **vars(self), **({"parts": parts} if parts else {})}

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Writes evaluation.json and a picture of each part and output; gives their paths."""
        from mmkeras.insight.pictures import draw

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / PLAIN, plain(self.to_dict()))
        return [folder / PLAIN, *draw(folder, self.parts)]

    def figure(self, part: str, output: str | None = None) -> Figure:
        """The picture of a part and an output, by default the first: a notebook shows it.

        Raises ValueError for a part that was not asked for, or an output that it says nothing of.
        """
        from mmkeras.insight.pictures import figure_of

        results = pick(self.parts, part, "part of this evaluation")
        output = next(iter(results)) if output is None else output
        return figure_of(part, output, pick(results, output, f"output with {part}"))

    def __str__(self) -> str:
        return "\n".join([self._figures(), *self._tables()])

    def _tables(self) -> list[str]:
        """Of the parts."""
        if not self.parts:
            return []
        text = io.StringIO()
        console = Console(file=text, width=WIDTH, force_jupyter=False, force_terminal=False)
        for results in self.parts.values():
            for output, found in results.items():
                console.print()
                console.print(found.table(output), markup=False, highlight=False)
        return [text.getvalue().rstrip()]

    def _figures(self) -> str:
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


def evaluate(
    run: Run | Shipped,
    data: Manifest | Prepared,
    parts: Iterable[str] = (),
    options: Options | None = None,
) -> Evaluation:
    """Evaluates a run's Keras model, or an exported file, on every row.

    The intervals are drawn by the manifest's `group`, where it has one. `parts` are names of
    `mmkeras.insight.PARTS`: "calibration", "modalities", "robustness" and so on; `options` is an
    `mmkeras.insight.Options`. Raises ValueError for an unknown part.
    """
    from mmkeras.insight.parts import parts_of
    from mmkeras.insight.subject import Options, Subject

    data = run.prepare(data)
    specs, options = run.specs, options or Options()
    subject = Subject(run, data, run.predict(data), options)
    draws = Draws(len(data), groups_of(data.manifest), options.rounds, options.seed)
    spans = {}
    for name, truth in data.answers().items():
        known = labelled(truth)
        seen = truth[known], subject.outputs[name][known], known
        spans[name] = intervals_of(specs[name], *seen, draws)
    found = score(subject.outputs, data, specs)
    return replace(found, intervals=spans, parts=parts_of(subject, parts))


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
