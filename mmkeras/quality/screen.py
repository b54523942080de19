"""The report of a check on a terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from mmkeras.quality.charts import Chart
from mmkeras.quality.finding import Finding
from mmkeras.quality.report import Quality

STYLES = {"error": "bold red", "warning": "bold yellow", "note": "cyan"}
LINES, DETAILS = 12, 3  # of a finding; all of them are in --json and in the page
BAR, LABEL, COUNT = 24, 18, 9  # cells of the longest bar, label and count of a chart
BETWEEN = 3  # cells, two charts
LEVELS = ((0, "green"), (0.5, "yellow"), (0.9, "red"))  # share absent, from which on


def show(quality: Quality, console: Console) -> None:
    """Prints counts, charts, absent inputs and findings."""
    console.print(_head(quality))
    if len(quality.absent) > 1 or any(
        of[0] for row in quality.absent.values() for of in row.values()
    ):
        console.print(_matrix(quality))
    bar = (console.width - BETWEEN) // 2 - LABEL - COUNT
    tables = [_chart(chart, min(bar, BAR)) for chart in quality.charts]
    for at in range(0, len(tables), 2):
        pair = Table.grid(padding=(0, BETWEEN))
        pair.add_row(*tables[at : at + 2])
        console.print(pair)
        console.print()
    for of in quality.findings:
        console.print(_finding(of))
    console.print(_foot(quality))


def _head(quality: Quality) -> Text:
    manifest = quality.manifest
    text = Text()
    text.append(f"{quality.usable:,} usable rows", "bold")
    text.append(f" of {quality.read:,} in {manifest.path}; {quality.files:,} different files\n")
    for name in manifest.inputs:
        columns = ", ".join(manifest.columns(name))
        text.append(f"  input  {name}: {manifest.kinds[name]} in {columns}\n")
    for target in manifest.targets:
        lacking = quality.unlabelled[target]
        more = f", {lacking:,} rows without a label" if lacking else ""
        text.append(f"  target {target}: {manifest.kind_of(target)}{more}\n")
    return text


def _matrix(quality: Quality) -> Table:
    names = list(quality.manifest.inputs)
    table = Table(title="absent, rows by class", title_justify="left")
    table.add_column("class", overflow="fold")
    for column in ("rows", *names):
        table.add_column(column, justify="right")
    for label, row in quality.absent.items():
        cells = [Text(label or "(no label)"), Text(f"{row[names[0]][1]:,}")]
        for name in names:
            gone, of = row[name]
            style = [style for least, style in LEVELS if gone >= least * of][-1] if gone else "dim"
            cells.append(Text(f"{gone:,} ({gone / of:.0%})" if gone else "0", style))
        table.add_row(*cells)
    return table


def _chart(chart: Chart, width: int) -> Table:
    table = Table(title=chart.title, title_justify="left", box=None, show_header=False)
    table.add_column(justify="right", max_width=LABEL, overflow="ellipsis", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    most = max(chart.counts, default=1) or 1
    for label, count in zip(chart.labels, chart.counts, strict=True):
        bar = "█" * round(width * count / most) or ("▏" if count else "")
        table.add_row(Text(label), f"{count:,}", Text(bar, "blue"))
    return table


def _finding(of: Finding) -> Group:
    style = STYLES[of.severity]
    head = Text.assemble((f"{of.severity} ", style), (of.name, "bold"), f"  {of.column}")
    shown = ", ".join(map(str, of.lines[:LINES]))
    more = f" and {len(of.lines) - LINES:,} more" if len(of.lines) > LINES else ""
    body = [Text(f"{of.message}"), Text(f"line{'s' * (len(of.lines) > 1)} {shown}{more}", "dim")]
    body += [Text(f"{line}: {what}") for line, what in list(of.details.items())[:DETAILS]]
    if of.groups:
        groups = "; ".join(" = ".join(map(str, group[:4])) for group in of.groups[:DETAILS])
        body.append(Text(f"the same: {groups}{' …' if len(of.groups) > DETAILS else ''}"))
    body.append(Text(f"cure: {of.cure}", "green"))
    return Group(head, *(Padding(line, (0, 0, 0, 2)) for line in body))


def _foot(quality: Quality) -> Text:
    counts = ", ".join(f"{n} {name}{'s' * (n != 1)}" for name, n in quality.counts().items() if n)
    speed = quality.read / max(quality.seconds, 1e-9)
    return Text(f"\n{counts or 'no findings'}; {speed:,.0f} rows a second", "bold")
