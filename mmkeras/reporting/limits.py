"""What a run's own figures warn of, in sentences; each is checked, none is made up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmkeras.heads import HEADS
from mmkeras.insight.plain import figure

if TYPE_CHECKING:
    from mmkeras.evaluation import Evaluation
    from mmkeras.reporting.result import Report

FEW = 30  # rows of a label, below which its figures say little
POOR = 0.5  # recall
LEANS = 0.5  # share of what all inputs bring that hangs on a single one
UNSURE = 0.05  # calibration error


def limits(report: Report) -> tuple[str, ...]:
    """Sentences, the gravest kinds first."""
    found: list[str] = []
    if report.judged == "valid rows":
        found.append(
            "There were no test rows: the figures are of rows that the training was chosen by."
        )
    if report.evaluation is None:
        return (*found, "Nothing was measured: see what is missing.")
    found += _useless(report, report.evaluation)
    found += _labels(report.evaluation)
    found += _inputs(report.evaluation)
    found += _assurance(report.evaluation)
    if "robustness" not in report.evaluation.parts:
        found.append("How it bears noise in its inputs was not measured.")
    if "slices" not in report.evaluation.parts:
        found.append("Whether it is worse for some groups or devices was not measured.")
    return tuple(found)


def _useless(report: Report, evaluation: Evaluation) -> Iterator[str]:
    """No better than an answer that never looks, as far as these rows can tell."""
    for output, figures in evaluation.figures.items():
        measure = HEADS[report.run.specs[output].kind].measures[0]
        if measure.name not in figures:
            yield f"{output}: no row that it was judged on has the label."
            continue
        span = evaluation.intervals.get(output, {}).get(measure.name)
        constant = evaluation.baseline[output].get(measure.name)
        if span is None or constant is None:
            continue
        if span.low <= constant if measure.higher else span.high >= constant:
            yield (
                f"{output}: {measure.name.replace('_', ' ')} {figure(figures[measure.name])} may "
                f"be no better than {figure(constant)}, which an answer reaches that never looks."
            )


def _labels(evaluation: Evaluation) -> Iterator[str]:
    for output, classes in evaluation.parts.get("classes", {}).items():
        poor = [of for of in classes.labels if of.recall is not None and of.recall < POOR]
        if poor:
            told = ", ".join(f"{of.name} {of.recall:.0%}" for of in poor)
            yield f"{output}: less than half is found of {told}."
        few = [of.name for of in classes.labels if of.occurs < FEW]
        if few:
            yield f"{output}: fewer than {FEW} rows speak for {', '.join(few)}."


def _inputs(evaluation: Evaluation) -> Iterator[str]:
    for output, of in evaluation.parts.get("modalities", {}).items():
        sign = 1 if of.higher else -1
        brings = sign * (of.whole - of.nothing)  # below 0: worse than blind, it leans on nothing
        for each in of.inputs:
            left = sign * (each.left_out - of.nothing)
            if brings > 0 and left < (1 - LEANS) * brings:
                yield (
                    f"{output} leans on {each.name}: without it {of.measure.replace('_', ' ')} is "
                    f"{figure(each.left_out)} instead of {figure(of.whole)}."
                )


def _assurance(evaluation: Evaluation) -> Iterator[str]:
    for output, of in evaluation.parts.get("calibration", {}).items():
        if of.ece > UNSURE:
            way = "too sure" if of.overconfident else "not sure enough"
            yield f"{output}: its probabilities are {way}, by {of.ece:.3f} in the mean."
