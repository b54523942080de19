"""The report of a run as one HTML file that needs nothing beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmkeras.insight.plain import figure
from mmkeras.pages.document import document, e, section, tiles
from mmkeras.reporting.about_answers import about_answers
from mmkeras.reporting.about_data import about_data
from mmkeras.reporting.about_files import NONE, about_files
from mmkeras.reporting.about_inputs import QUICK, about_inputs, about_noise
from mmkeras.reporting.about_training import about_training
from mmkeras.reporting.card import card
from mmkeras.reporting.diagram import diagram, in_words
from mmkeras.reporting.limits import limits
from mmkeras.reporting.prose import html
from mmkeras.reporting.samples import explanations, gallery

if TYPE_CHECKING:
    from mmkeras.reporting.result import Report

TITLES = {  # sections in the order in which they are told
    "answers": "How good the answers are",
    "inputs": "What each input brings",
    "noise": "What noise takes",
    "errors": "What went wrong",
    "explanations": "Why it said so",
    "files": "Exported files",
    "model": "The model",
    "data": "Data",
    "training": "Training",
    "card": "Model card",
}
SHORT = (
    "Answers",
    "Inputs",
    "Noise",
    "Errors",
    "Why",
    "Files",
    "Model",
    "Data",
    "Training",
    "Card",
)


def page(report: Report) -> str:
    """The whole document."""
    shown = _sections(report)
    bodies = [section(name, TITLES[name], body) for name, body in shown.items()]
    links = dict(zip(TITLES, SHORT, strict=True))
    return document(
        f"{report.name}: report",
        _head(report),
        "".join(bodies),
        {name: links[name] for name in shown},
    )


def _sections(report: Report) -> dict[str, str]:
    """Each with what could not be made, and why."""
    recipe = report.run.recipe
    found = dict.fromkeys(TITLES, "")
    found["model"] = diagram(recipe, report.run.model)
    found["data"] = about_data(report)
    found["training"] = about_training(report)
    found["card"] = f'<div class="card">{html(card(report))}</div>'
    found["files"] = about_files(report) if report.files else ""
    usual = {"noise": QUICK, "files": NONE}
    if report.evaluation is not None:
        found["answers"] = about_answers(report)
        found["inputs"] = about_inputs(report)
        found["noise"] = about_noise(report)
        found["errors"] = gallery(report)
        found["explanations"] = explanations(report)
    else:
        usual = dict.fromkeys(TITLES, report.gaps.get("answers", "nothing was measured"))
    shown = {}
    for name, body in found.items():
        why = report.gaps.get(name) or ("" if body else usual.get(name, ""))
        if body or why:
            shown[name] = body + (_gap(why) if why else "")
    return shown


def _gap(why: str) -> str:
    return f'<p class="gap">Not in this report: {e(why.rstrip("."))}.</p>'


def _head(report: Report) -> str:
    facts: dict[str, str] = {}
    if report.evaluation is not None:
        for output, figures in report.evaluation.figures.items():
            for measure, value in list(figures.items())[:1]:
                span = report.evaluation.intervals.get(output, {}).get(measure)
                between = f" ({figure(span.low)} to {figure(span.high)})" if span else ""
                facts[f"{output}: {measure.replace('_', ' ')}{between}"] = figure(value)
        facts[report.judged] = f"{report.evaluation.rows:,}"
    facts["weights"] = f"{report.run.model.count_params():,}"
    facts |= {each.path.name: f"{each.kb:,.0f} kB" for each in report.files[:2]}
    path = str(report.run.path or "")
    where = f'<p class="path">{e(path)}</p>' if path != report.name else ""
    heed = "".join(f"<li>{e(each)}</li>" for each in limits(report))
    return (
        f"<h1>{e(report.name)}</h1>{where}{tiles(facts)}<p>{e(in_words(report.run.recipe))}.</p>"
        + (
            f'<div class="heed"><p><b>Before you rely on it</b></p><ul>{heed}</ul></div>'
            * bool(heed)
        )
    )
