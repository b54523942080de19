"""The model card: what a stranger is to know before the model is used.

The sections are those of Mitchell et al., "Model cards for model reporting", FAT* 2019. What a run
knows is filled in; what a person alone can say is asked for, and never made up.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.insight.plain import figure
from mmkeras.reporting.about_answers import figures_of
from mmkeras.reporting.about_training import told
from mmkeras.reporting.diagram import fusion, in_words
from mmkeras.reporting.limits import limits
from mmkeras.reporting.prose import Block, Facts, Figures, Unsaid
from mmkeras.reporting.result import WORDS

if TYPE_CHECKING:
    from mmkeras.reporting.result import Report
    from mmkeras_edge.specs import InputSpec

HARDEST = 10  # labels of a table


def card(report: Report) -> dict[str, list[Block]]:
    """Blocks by heading."""
    return {
        "Model details": _details(report),
        "Intended use": _said(report, "use", "users", "not_for"),
        "Factors": _factors(report),
        "Metrics": _metrics(report),
        "Evaluation data": _evaluated(report),
        "Training data": _learned(report),
        "Quantitative analyses": _analyses(report),
        "Ethical considerations": _said(report, "ethics"),
        "Caveats and recommendations": [limits(report), *_said(report, "caveats")],
    }


def _said(report: Report, *words: str) -> list[Block]:
    """What was said, and how to say the others."""
    said = {word.replace("_", " "): report.words[word] for word in words if word in report.words}
    unsaid = {word: WORDS[word] for word in words if word not in report.words}
    return [*([Facts(said)] if said else []), *([Unsaid(unsaid)] if unsaid else [])]


def _details(report: Report) -> list[Block]:
    recipe = report.run.recipe
    facts = {
        "What it is": f"a Keras model of {report.run.model.count_params():,} weights: "
        f"{in_words(recipe)}",
        "Inputs": "; ".join(_input(name, source.spec) for name, source in recipe.inputs.items()),
        "Outputs": "; ".join(f"{name}: {task.spec.about}" for name, task in recipe.outputs.items()),
        "Fusion": fusion(recipe),
        **{name.capitalize(): of for name, of in told(report).items()},
    }
    files = {
        f"File {each.path.name}": f"{each.kb:,.0f} kB, {each.shipped.model.file.card.precision}"
        for each in report.files
    }
    return [Facts({**facts, **files}), *_said(report, "authors", "contact", "licence")]


def _input(name: str, spec: InputSpec) -> str:
    return f"{name}: {spec.kind}, {spec.dtype} {' × '.join(map(str, spec.shape))}"


def _factors(report: Report) -> list[Block]:
    recipe = report.run.recipe
    absent = ", ".join(recipe.optional)
    may = f"May be absent: {absent}." if absent else "No input may be absent."
    return [may, *_said(report, "factors")]


def _metrics(report: Report) -> list[Block]:
    if report.evaluation is None:
        return [f"None: {report.gaps.get('answers', 'nothing was measured')}."]
    names = {m.replace("_", " "): None for of in report.evaluation.figures.values() for m in of}
    drawn = f"whole groups ({report.group})" if report.group else "rows"
    return [
        f"{', '.join(names)}; beside each the best answer that never looks at the inputs. "
        f"Intervals are of 95 percent, by a bootstrap over {drawn}."
    ]


def _evaluated(report: Report) -> list[Block]:
    if report.evaluation is None:
        return ["None."]
    seen = {
        "test rows": "The model never saw them, and nothing was chosen by them.",
        "valid rows": "The training was chosen by these very rows: the figures flatter it.",
    }
    note = seen.get(report.judged, "They were named when the report was made.")
    return [f"{report.evaluation.rows:,} {report.judged}. {note}"]


def _learned(report: Report) -> list[Block]:
    data, rows = report.run.about.get("data", {}), report.run.about.get("rows", {})
    facts = {name: f"{count:,} rows" for name, count in rows.items()}
    if "sha256" in data:
        facts["manifest"] = f"{Path(data['path']).name}, SHA-256 {data['sha256']}"
    return [Facts(facts), *_said(report, "data", "data_licence")]


def _analyses(report: Report) -> list[Block]:
    evaluation = report.evaluation
    if evaluation is None:
        return ["None."]
    head = ["output", "measure", "model", "95% interval", "without looking", "rows"]
    blocks: list[Block] = [Figures(f"Over the {report.judged}", head, figures_of(report))]
    for output, classes in evaluation.parts.get("classes", {}).items():
        labels = sorted(classes.labels, key=lambda each: each.f1 or 0.0)[:HARDEST]
        rows = [
            [of.name, figure(of.precision), figure(of.recall), figure(of.f1), f"{of.occurs:,}"]
            for of in labels
        ]
        caption = f"{output}, the hardest labels first"
        blocks.append(Figures(caption, ["label", "precision", "recall", "F1", "rows"], rows))
    for output, of in evaluation.parts.get("modalities", {}).items():
        said = tuple(f"{output}: {of.sentence(each.name)}" for each in of.inputs)
        blocks.append(said)
    return blocks
