"""What the exported files cost, and what they are worth beside Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmkeras.insight.plain import figure
from mmkeras.pages.document import e
from mmkeras.pages.tables import Cell, table

if TYPE_CHECKING:
    from mmkeras.reporting.files import File
    from mmkeras.reporting.result import Report

NONE = "no exported file was named: make the report again with --export FILE"


def about_files(report: Report) -> str:
    """All files over the same rows as Keras, then what each export tried."""
    parts = [_together(report)] if any(each.evaluation for each in report.files) else []
    parts += [f"<h3>{e(file.path.name)}</h3>{_tried(file)}" for file in report.files]
    return "".join(parts)


def _together(report: Report) -> str:
    """The first measure of each output: of Keras and of each very file."""
    assert report.evaluation is not None
    whole = report.evaluation
    deciding = {name: next(iter(of), "") for name, of in whole.figures.items()}
    rows: list[list[Cell]] = [["Keras", *_figures(whole.figures, deciding), "", ""]]
    for file in report.files:
        own = file.evaluation.figures if file.evaluation else {}
        precision = file.shipped.model.file.card.precision
        rows.append([file.path.name, *_figures(own, deciding), f"{file.kb:,.0f}", precision])
    head = ["", *(f"{name}: {of.replace('_', ' ')}" for name, of in deciding.items())]
    title = f"As they answer on the device's runtime, over the {report.judged}"
    return table(title, [*head, "kB", "numbers"], rows)


def _figures(found: object, deciding: dict[str, str]) -> list[Cell]:
    of = found if isinstance(found, dict) else {}
    return [figure(of.get(name, {}).get(measure)) for name, measure in deciding.items()]


def _tried(file: File) -> str:
    if not file.variants:
        name = f"{file.path.stem}.export.json"
        return f"<p class='gap'>What its export tried is not known: no {e(name)} beside it.</p>"
    most = max(each.kb for each in file.variants)
    slowest = max(each.ms for each in file.variants)
    rows: list[list[Cell]] = []
    for each in sorted(file.variants, key=lambda of: of.kb):
        mark = "> " if each.chosen else "x " if each.wrong else ""
        rows.append(
            [
                f"{mark}{each.name}",
                (f"{each.kb:,.0f}", each.kb / most),
                f"{each.compressed_kb:,.0f}",
                (f"{each.ms:.2f}", each.ms / slowest),
                *(figure(value) for value in each.figures.values()),
                f"{each.agreement:.3f}",
            ]
        )
    where = "any target" if file.target == "any" else file.target
    measures = (f"{name}: {of.replace('_', ' ')}" for name, of in file.measures.items())
    title = f"What its export tried, for {where}, {file.rows} validation rows; > was written"
    refused = [f"<li>{e(v.name)}: {e('; '.join(v.wrong))}</li>" for v in file.variants if v.wrong]
    why = f"<p>Refused (x):</p><ul>{''.join(refused)}</ul>" if refused else ""
    head = ["variant", "kB", "compressed", "ms", *measures, "agrees with Keras"]
    note = "Milliseconds are of the machine that exported: compare the ratios."
    shown = table(title, head, rows)
    return f"<p>{e(file.says)}.</p>{shown}{why}<p class='quiet'>{note}</p>"
