"""The report of a check as one HTML file that needs nothing beside it."""

from __future__ import annotations

import html
import os
from pathlib import Path

from mmkeras.quality.charts import Chart
from mmkeras.quality.finding import SEVERITIES, Finding
from mmkeras.quality.report import Quality
from mmkeras.quality.style import STYLE
from mmkeras.quality.thumbnails import drawn_column, figures
from mmkeras.targets import LABELS

LINES = 200  # of a finding; --json has all
DETAILS, GROUPS, PICTURES = 20, 3, 6
CLASSES, EACH = 12, 2  # of the samples: classes, and rows of each


def write_page(quality: Quality, path: str | os.PathLike[str]) -> Path:
    """Writes the page, complete or not at all."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(page(quality), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def page(quality: Quality) -> str:
    """The whole document."""
    name = html.escape(quality.manifest.path.name)
    parts = [_head(quality), _findings(quality), _matrix(quality), _samples(quality)]
    parts.append('<section><h2>What there is</h2><div class="charts">')
    parts += map(_chart, quality.charts)
    parts.append("</div></section>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}: data check</title><style>{STYLE}</style>"
        f"<main>{''.join(parts)}</main></html>\n"
    )


def _head(quality: Quality) -> str:
    manifest = quality.manifest
    tiles = [("usable rows", quality.usable), ("rows", quality.read), ("files", quality.files)]
    tiles += [(f"{name}s", count) for name, count in quality.counts().items()]
    shown = "".join(f"<div><b>{count:,}</b>{name}</div>" for name, count in tiles)
    inputs = [
        f"<li>input <b>{_e(name)}</b>: {kind} in {_e(', '.join(manifest.columns(name)))}"
        for name, kind in manifest.kinds.items()
    ]
    targets = [
        f"<li>target <b>{_e(name)}</b>: {manifest.kind_of(name)}" for name in manifest.targets
    ]
    return (
        f'<header><h1>{_e(manifest.path.name)}</h1><p class="path">{_e(str(manifest.path))}</p>'
        f'<div class="tiles">{shown}</div><ul>{"".join(inputs + targets)}</ul></header>'
    )


def _findings(quality: Quality) -> str:
    if not quality.findings:
        return "<section><h2>Findings</h2><p>None: nothing to mend.</p></section>"
    shown = "".join(_finding(quality, of) for of in quality.findings)
    return f"<section><h2>Findings</h2>{shown}</section>"


def _finding(quality: Quality, of: Finding) -> str:
    opened = "" if of.severity == SEVERITIES[-1] else " open"
    lines = ", ".join(map(str, of.lines[:LINES]))
    more = f" and {len(of.lines) - LINES:,} more" if len(of.lines) > LINES else ""
    details = "".join(
        f"<li>{line}: {_e(what)}" for line, what in list(of.details.items())[:DETAILS]
    )
    return (
        f'<details class="{of.severity}"{opened}><summary><span>{of.severity}</span> '
        f"<b>{of.name.replace('_', ' ')}</b> <code>{_e(of.column)}</code></summary>"
        f'<p>{_e(of.message)}.</p><p class="cure">Cure: {_e(of.cure)}.</p>'
        f"{f'<ul>{details}</ul>' if details else ''}{_pictures(quality, of)}"
        f'<p class="lines">Line{"s" * (len(of.lines) > 1)} {lines}{more}</p></details>'
    )


def _pictures(quality: Quality, of: Finding) -> str:
    drawn = drawn_column(quality.manifest, of.column.rpartition(" (")[0] or of.column)
    if drawn is None or of.severity == SEVERITIES[0]:  # what cannot be read cannot be shown
        return ""
    groups = [group[:PICTURES] for group in of.groups[:GROUPS]] or [of.lines[:PICTURES]]
    rows = [figures(quality.manifest, *drawn, group) for group in groups]
    return "".join(f'<div class="row">{row}</div>' for row in rows if row)


def _matrix(quality: Quality) -> str:
    names = list(quality.manifest.inputs)
    head = "".join(f'<th scope="col">{_e(name)}' for name in names)
    rows = []
    for label, row in quality.absent.items():
        cells = [
            f'<td style="--share:{gone / max(of, 1):.3f}">{f"{gone:,}" if gone else "0"}'
            f"<small>{gone / max(of, 1):.0%}</small>"
            for gone, of in (row[name] for name in names)
        ]
        total = row[names[0]][1]
        rows.append(f'<tr><th scope="row">{_e(label or "(no label)")}<td>{total:,}{"".join(cells)}')
    return (
        '<section><h2>Absent inputs by class</h2><div class="scroll"><table class="matrix">'
        f'<tr><th scope="col">class<th scope="col">rows{head}{"".join(rows)}'
        "</table></div></section>"
    )


def _samples(quality: Quality) -> str:
    manifest = quality.manifest
    drawn = drawn_column(manifest)
    if drawn is None:
        return ""
    bad = {line for of in quality.named(SEVERITIES[0]) for line in of.lines}
    there = manifest.table[(manifest.table[drawn[0]] != "") & ~manifest.table.index.isin(bad)]
    columns = [c for t, c in manifest.targets.items() if manifest.kind_of(t) in LABELS]
    lines = list(there.index[: CLASSES * EACH])
    if columns:
        classes = list(quality.absent)[:CLASSES]
        lines = [line for of in classes for line in there.index[there[columns[0]] == of][:EACH]]
    shown = figures(manifest, *drawn, lines)
    return f'<section><h2>Samples</h2><div class="row">{shown}</div></section>' if shown else ""


def _chart(chart: Chart) -> str:
    most = max(chart.counts, default=1) or 1
    bars = "".join(
        f'<tr><th scope="row">{_e(label)}<td>{count:,}<td class="bar">'
        f'<i style="width:{100 * count / most:.1f}%"></i>'
        for label, count in zip(chart.labels, chart.counts, strict=True)
    )
    return f'<table class="chart"><caption>{_e(chart.title)}</caption>{bars}</table>'


def _e(text: str) -> str:
    return html.escape(text, quote=True)
