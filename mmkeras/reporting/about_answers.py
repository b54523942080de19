"""How good the answers are: figures with intervals, labels, assurance, errors of numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mmkeras.insight.plain import figure
from mmkeras.pages.document import e
from mmkeras.pages.plot import COLOURS, Axis, Line, plot
from mmkeras.pages.tables import Cell, shaded, table

if TYPE_CHECKING:
    from mmkeras.insight.calibration import Calibration
    from mmkeras.insight.classes import Classes
    from mmkeras.insight.curves import Curves
    from mmkeras.insight.decisions import Decisions
    from mmkeras.insight.residuals import Residuals
    from mmkeras.insight.slices import Slices
    from mmkeras.insight.thresholds import Thresholds
    from mmkeras.insight.uncertainty import Uncertainty
    from mmkeras.reporting.result import Report

SQUARE = 30  # labels, at most, of a confusion matrix


def about_answers(report: Report) -> str:
    """All measures in one table, then what is behind them, output by output."""
    evaluation = report.evaluation
    assert evaluation is not None
    parts = [figures(report)]
    for output in evaluation.figures:
        shown = [
            draw(evaluation.parts[part][output])
            for part, draw in DRAWN.items()
            if output in evaluation.parts.get(part, {})
        ]
        if shown:
            parts.append(f'<h3>{e(output)}</h3><div class="blocks">{"".join(shown)}</div>')
    return "".join(parts)


def figures(report: Report) -> str:
    """Every measure beside that of the best answer that never looks."""
    lines = [[f"{output}: {measure}", *cells] for output, measure, *cells in figures_of(report)]
    head = ["", "model", "95% interval", "without looking", "rows"]
    return table(f"Figures over the {report.judged}", head, lines)


def figures_of(report: Report) -> list[list[str]]:
    """Output, measure, model, interval, constant answer, rows: a line a measure."""
    evaluation = report.evaluation
    assert evaluation is not None
    lines = []
    for output, found in evaluation.figures.items():
        for measure, value in found.items():
            span = evaluation.intervals.get(output, {}).get(measure)
            constant = evaluation.baseline[output].get(measure)
            between = "" if span is None else f"{figure(span.low)} to {figure(span.high)}"
            said = measure.replace("_", " ")
            rows = f"{evaluation.labelled[output]:,}"
            lines.append([output, said, figure(value), between, figure(constant), rows])
    return lines


def _classes(found: Classes) -> str:
    lines: list[list[Cell]] = []
    for label in sorted(found.labels, key=lambda each: each.f1 or 0.0):
        shares = (label.precision, label.recall, label.f1)
        cells: list[Cell] = [(figure(share), share or 0.0) for share in shares]
        lines.append([label.name, *cells, f"{label.occurs:,}"])
    head = ["label", "precision", "recall", "F1", "rows"]
    shown = table("By label, the hardest first", head, lines)
    if found.confusion is None or len(found.labels) > SQUARE:
        return shown
    names = [label.name for label in found.labels]
    return shown + shaded("What is said (across) of what is (down)", "", names, found.confusion)


def _calibration(found: Calibration) -> str:
    kept = [each for each in found.bins if each.count]
    lines = [
        Line("as sure as right", [(0.0, 0.0), (1.0, 1.0)], -1),
        Line("the model", [(each.sure, each.right) for each in kept], 0, dots=True),
    ]
    shown = plot(
        "Does 80 percent mean 80 percent?",
        lines,
        Axis("how sure", 0.0, 1.0),
        Axis("how often right", 0.0, 1.0),
    )
    way = "too sure" if found.overconfident else "not sure enough"
    helps = (
        f"a temperature of {found.temperature:.2f} mends some of it by mmkeras calibrate"
        if found.helps
        else "a temperature would hardly help"
    )
    said = f"Calibration error {found.ece:.3f}: on the whole it is {way}; {helps}."
    return f'<div class="plots">{shown}<p>{e(said)}</p></div>'


def _residuals(found: Residuals) -> str:
    unit = f", {found.unit}" if found.unit else ""
    ends = min(*found.said, *found.truth), max(*found.said, *found.truth)
    lines = [
        Line("said what is", [(ends[0], ends[0]), (ends[1], ends[1])], -1),
        Line("rows", list(zip(found.truth, found.said, strict=True)), 0, dots=True, joined=False),
    ]
    shown = plot("Said and true", lines, Axis(f"true{unit}"), Axis(f"said{unit}"))
    said = f"Mean error {found.mae:.3g}, bias {found.bias:+.3g}{unit.replace(', ', ' ')}."
    cells: list[list[Cell]] = [
        [
            f"{part.low:.3g} to {part.high:.3g}",
            f"{part.mae:.3g}",
            f"{part.bias:+.3g}",
            str(part.rows),
        ]
        for part in found.parts
    ]
    parts = table("By what is said", [f"said{unit}", "mean error", "bias", "rows"], cells)
    return f'<div class="plots">{shown}<p>{e(said)}</p></div>{parts}'


def _curves(found: Curves) -> str:
    """Of the hardest labels."""
    worst = sorted(found.labels, key=lambda each: each.ap)[:COLOURS]
    roc = [
        Line(f"{c.label}, AUC {c.auc:.3f}", list(zip(c.false_alarms, c.recall, strict=True)), place)
        for place, c in enumerate(worst)
    ]
    both = [
        Line(f"{c.label}, AP {c.ap:.3f}", list(zip(c.recall, c.precision, strict=True)), place)
        for place, c in enumerate(worst)
    ]
    unit = 0.0, 1.0
    left = plot("ROC of the hardest labels", roc, Axis("false alarms", *unit), Axis("found", *unit))
    right = plot("Precision and recall", both, Axis("recall", *unit), Axis("precision", *unit))
    return f'<div class="plots">{left}{right}</div>'


def _thresholds(found: Thresholds) -> str:
    cells: list[list[Cell]] = [
        [each.label, *(figure(v) for v in (each.threshold, each.least, each.now, each.cost_now))]
        for each in found.labels
    ]
    head = ["label", "cheapest threshold", "costs a row", "now", "costs a row"]
    title = f"If a missed yes costs {found.missed:g} and a false one {found.alarm:g}"
    return table(title, head, cells)


def _decisions(found: Decisions) -> str:
    cells: list[list[Cell]] = [
        [each.label, *map(str, (each.occurs, each.probable, each.cheapest))]
        for each in found.labels
    ]
    said = (
        f"A row costs {found.cheapest:.3g} if the label is said that costs least as expected, "
        f"{found.probable:.3g} if the most probable is, {found.constant:.3g} if always "
        f"{found.always}."
    )
    shown = table("How often each label is said", ["", "is", "most probable", "cheapest"], cells)
    return f"<div><p>{e(said)}</p>{shown}</div>"


def _slices(found: Slices) -> str:
    shown = []
    for column, slices in found.columns.items():
        cells: list[list[Cell]] = []
        for each in slices:
            mark = " *" if each.differs(found.whole) else ""
            share = each.figure if found.higher else 0.0
            between = f"{figure(each.interval.low)} to {figure(each.interval.high)}"
            cells.append(
                [f"{each.value}{mark}", (figure(each.figure), share), between, str(each.rows)]
            )
        measure = found.measure.replace("_", " ")
        title = f"{measure} by {column}; * where chance hardly explains it"
        shown.append(table(title, [column, measure, "95% interval", "rows"], cells))
    return "".join(shown)


def _uncertainty(found: Uncertainty) -> str:
    points = [(100 * share, value) for share, value in found.curve]
    measure = found.measure.replace("_", " ")
    shown = plot(
        "If the least certain are turned away",
        [Line(measure, points)],
        Axis("% of the rows that are answered", 0.0, 100.0),
        Axis(measure),
    )
    cells: list[list[Cell]] = [
        [
            score.name,
            figure(score.tells_wrong),
            figure(score.tells_strangers),
            "-" if score.passing is None else f"{score.passing:.0%}",
        ]
        for score in found.scores
    ]
    head = ["score", "right above wrong", "rows above strangers", "strangers that pass"]
    ranks = table(f"How well it knows; strangers are {found.strangers}", head, cells)
    return f'<div class="plots">{shown}</div>{ranks}'


DRAWN: dict[str, Callable[[Any], str]] = {  # part of an evaluation -> its HTML, in this order
    "classes": _classes,
    "curves": _curves,
    "calibration": _calibration,
    "residuals": _residuals,
    "thresholds": _thresholds,
    "decisions": _decisions,
    "slices": _slices,
    "uncertainty": _uncertainty,
}
