"""What each input brings, and what noise in it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmkeras.insight.plain import figure
from mmkeras.pages.document import e
from mmkeras.pages.plot import COLOURS, Axis, Line, plot
from mmkeras.pages.tables import Cell, table

if TYPE_CHECKING:
    from mmkeras.insight.modalities import Modalities, Modality
    from mmkeras.insight.robustness import Robustness
    from mmkeras.reporting.result import Report

ALONE = "one input: there is nothing to compare it with"
QUICK = "noise in every input takes minutes to measure; make the report again with --full"


def about_inputs(report: Report) -> str:
    """A sentence for each input, and the figures behind it, output by output."""
    assert report.evaluation is not None
    found = report.evaluation.parts.get("modalities", {})
    if not found:
        return f"<p>{ALONE}.</p>"
    return "".join(f"<h3>{e(output)}</h3>{_modalities(of)}" for output, of in found.items())


def _modalities(found: Modalities) -> str:
    said = "".join(f"<li>{e(found.sentence(each.name))}.</li>" for each in found.inputs)
    measure = found.measure.replace("_", " ")
    trained = any(each.trained_alone is not None for each in found.inputs)
    rows: list[list[Cell]] = [[each.name, *_cells(found, each, trained)] for each in found.inputs]
    rows.append(["all inputs", _bar(found, found.whole), "", "", ""])
    rows.append(["none", _bar(found, found.nothing), "", "", ""])
    head = ["input", "alone", "left out", "dealt anew", "Shapley share"]
    head += ["trained alone", "trained without"] if trained else []
    for row in rows[-2:]:
        row += [""] * (len(head) - len(row))
    pairs = ", ".join(f"{pair} {value:+.3f}" for pair, value in found.synergy.items())
    together = f"<p class='quiet'>Together beyond what each brings apart: {e(pairs)}.</p>"
    shown = table(f"{measure}, by what the model is given", head, rows)
    return f"<ul>{said}</ul>{shown}{together if pairs else ''}"


def _cells(found: Modalities, each: Modality, trained: bool) -> list[Cell]:
    cells = [_bar(found, value) for value in (each.alone, each.left_out, each.permuted)]
    cells.append("-" if each.contribution is None else f"{each.contribution:+.3f}")
    if trained:
        cells += [figure(each.trained_alone), figure(each.trained_without)]
    return cells


def _bar(found: Modalities, value: float) -> Cell:
    return (figure(value), value) if found.higher else figure(value)


def about_noise(report: Report) -> str:
    """A panel for each input of each output; a file's lines are dashed."""
    assert report.evaluation is not None
    found = report.evaluation.parts.get("robustness", {})
    if not found:
        return ""
    return "".join(f"<h3>{e(output)}</h3>{_noise(of)}" for output, of in found.items())


def _noise(found: Robustness) -> str:
    measure = found.measure.replace("_", " ")
    worst = max(found.curves, key=found.lost)
    lost = figure(found.lost(worst))
    said = f"Worst: {worst.noise} in {worst.input}, {lost} of {measure} in the mean."
    inputs = dict.fromkeys(curve.input for curve in found.curves)
    plots = "".join(_panel(found, name, measure) for name in inputs)
    beside = " Dashed: the file." if found.clean_beside is not None else ""
    rows = f" {found.rows} rows; level 0 is undisturbed."
    return f'<p>{e(said + rows + beside)}</p><div class="plots">{plots}</div>'


def _panel(found: Robustness, name: str, measure: str) -> str:
    lines = []
    curves = [curve for curve in found.curves if curve.input == name]
    for place, curve in enumerate(curves):
        colour = place % COLOURS
        here = list(enumerate((found.clean, *curve.figures)))
        two = curve.beside is not None
        lines.append(Line(curve.noise, here, colour, dots=True, dashed=False if two else None))
        if curve.beside is not None and found.clean_beside is not None:
            there = list(enumerate((found.clean_beside, *curve.beside)))
            lines.append(Line(f"{curve.noise}, file", there, colour, dashed=True, named=False))
    ends = (0.0, 1.0) if found.higher else (0.0, None)
    return plot(
        f"Noise in {name}", lines, Axis("level of noise", 0.0, 5.0, True), Axis(measure, *ends)
    )
