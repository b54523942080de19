"""The report of a check as one HTML file that needs nothing beside it."""

from __future__ import annotations

import os
from pathlib import Path

from mmkeras.pages.document import document, e, scrolling, section, tiles, write
from mmkeras.pages.thumbnails import drawn_column, figures
from mmkeras.quality.charts import Chart
from mmkeras.quality.finding import SEVERITIES, Finding
from mmkeras.quality.report import Quality
from mmkeras.targets import LABELS

LINES = 200  # of a finding; --json has all
DETAILS, GROUPS, PICTURES = 20, 3, 6
CLASSES, EACH = 12, 2  # of the samples: classes, and rows of each


def write_page(quality: Quality, path: str | os.PathLike[str]) -> Path:
    """Writes the page, complete or not at all."""
    return write(path, page(quality))


def page(quality: Quality) -> str:
    """The whole document."""
    charts = "".join(map(_chart, quality.charts))
    parts = {
        "findings": ("Findings", _findings(quality)),
        "absent": ("Absent inputs by class", _matrix(quality)),
        "samples": ("Samples", _samples(quality)),
        "contents": ("What there is", f'<div class="charts">{charts}</div>'),
    }
    parts = {name: of for name, of in parts.items() if of[1]}
    return document(
        f"{quality.manifest.path.name}: data check",
        _head(quality),
        "".join(section(name, *of) for name, of in parts.items()),
        {name: title for name, (title, _) in parts.items()},
    )


def _head(quality: Quality) -> str:
    manifest = quality.manifest
    counts = {"usable rows": quality.usable, "rows": quality.read, "files": quality.files}
    counts |= {f"{name}s": count for name, count in quality.counts().items()}
    inputs = [
        f"<li>input <b>{e(name)}</b>: {kind} in {e(', '.join(manifest.columns(name)))}"
        for name, kind in manifest.kinds.items()
    ]
    targets = [
        f"<li>target <b>{e(name)}</b>: {manifest.kind_of(name)}" for name in manifest.targets
    ]
    return (
        f'<h1>{e(manifest.path.name)}</h1><p class="path">{e(manifest.path)}</p>'
        f"{tiles({name: f'{count:,}' for name, count in counts.items()})}"
        f"<ul>{''.join(inputs + targets)}</ul>"
    )


def _findings(quality: Quality) -> str:
    if not quality.findings:
        return "<p>None: nothing to mend.</p>"
    return "".join(_finding(quality, of) for of in quality.findings)


def _finding(quality: Quality, of: Finding) -> str:
    opened = "" if of.severity == SEVERITIES[-1] else " open"
    lines = ", ".join(map(str, of.lines[:LINES]))
    more = f" and {len(of.lines) - LINES:,} more" if len(of.lines) > LINES else ""
    details = "".join(f"<li>{line}: {e(what)}" for line, what in list(of.details.items())[:DETAILS])
    return (
        f'<details class="{of.severity}"{opened}><summary><span>{of.severity}</span> '
        f"<b>{of.name.replace('_', ' ')}</b> <code>{e(of.column)}</code></summary>"
        f'<p>{e(of.message)}.</p><p class="cure">Cure: {e(of.cure)}.</p>'
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
    head = "".join(f'<th scope="col">{e(name)}' for name in names)
    rows = []
    for label, row in quality.absent.items():
        cells = [
            f'<td style="--share:{gone / max(of, 1):.3f}">{f"{gone:,}" if gone else "0"}'
            f"<small>{gone / max(of, 1):.0%}</small>"
            for gone, of in (row[name] for name in names)
        ]
        total = row[names[0]][1]
        rows.append(f'<tr><th scope="row">{e(label or "(no label)")}<td>{total:,}{"".join(cells)}')
    return scrolling(
        f'<table class="matrix"><tr><th scope="col">class<th scope="col">rows{head}'
        f"{''.join(rows)}</table>",
        "Absent inputs by class",
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
    return f'<div class="row">{shown}</div>' if shown else ""


def _chart(chart: Chart) -> str:
    most = max(chart.counts, default=1) or 1
    bars = "".join(
        f'<tr><th scope="row">{e(label)}<td>{count:,}<td class="bar">'
        f'<i style="width:{100 * count / most:.1f}%"></i>'
        for label, count in zip(chart.labels, chart.counts, strict=True)
    )
    return f'<table class="chart"><caption>{e(chart.title)}</caption>{bars}</table>'
