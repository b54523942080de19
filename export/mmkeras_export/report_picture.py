"""The picture of an export: what each variant costs and what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mmkeras_export.report import Report
    from mmkeras_export.variants import Variant

CHOSEN, OTHER, REFUSED = "#1b7f5c", "#8fa8bf", "#d9d9d9"
INK = "#333333"


def draw_report(path: Path, report: Report) -> None:
    """A PNG with a row for each variant: size, time on this machine, and each output's measure.

    The chosen one is green, what the gate refused is grey and struck out.
    """
    from mmkeras.canvas import Canvas

    outputs = list(report.chosen.seen.outputs)
    figure = Canvas(
        figsize=(4.5 + 2.6 * (2 + len(outputs)), 1.5 + 0.36 * len(report.tried)),
        layout="constrained",
    )
    panels = figure.subplots(1, 2 + len(outputs), squeeze=False, sharey=True)[0]
    _bars(panels[0], report, [v.model_bytes / 1e3 for v in report.tried], "kB", "{:,.0f}")
    _bars(panels[1], report, [v.ms for v in report.tried], "ms a sample, here", "{:.2f}")
    for axes, output in zip(panels[2:], outputs, strict=True):
        _dots(axes, report, output)
    panels[0].set_yticks(range(len(report.tried)), [v.name for v in report.tried])
    for label, variant in zip(panels[0].get_yticklabels(), report.tried, strict=True):
        label.set_color(_color(report, variant) if variant is report.chosen else INK)
        label.set_fontweight("bold" if variant is report.chosen else "normal")
    panels[0].invert_yaxis()
    refused = any(variant.wrong for variant in report.tried)
    figure.suptitle(
        f"{Path(report.path).name}, for {report.target}, {report.rows} validation rows"
        + (" (grey: refused by the gate)" if refused else ""),
        color=INK,
        fontsize=11,
    )
    figure.write(path, 110)


def _bars(axes: Axes, report: Report, values: list[float], title: str, shown: str) -> None:
    colors = [_color(report, variant) for variant in report.tried]
    bars = axes.barh(range(len(values)), values, color=colors, height=0.66)
    axes.bar_label(bars, [shown.format(value) for value in values], padding=3, fontsize=9)
    axes.set_xlim(0, 1.25 * max(values))
    axes.set_xticks([])
    _plain(axes, title)


def _dots(axes: Axes, report: Report, output: str) -> None:
    """The measure of an output, and a line at Keras' own."""
    seen = [variant.seen.outputs[output] for variant in report.tried]
    for place, (variant, of) in enumerate(zip(report.tried, seen, strict=True)):
        axes.plot(of.file, place, "X" if variant.wrong else "o", color=_color(report, variant))
    axes.axvline(seen[0].keras, color=INK, lw=0.8, ls="--")
    low, high = axes.get_xlim()
    wider = max(0.0, 0.05 * abs(seen[0].keras) - (high - low)) / 2  # what is small shall look so
    low, high = low - wider, high + wider
    axes.set_xlim(low, min(high, 1.005) if seen[0].higher else high)
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", alpha=0.3)
    better = "" if seen[0].higher else ", lower is better"
    _plain(axes, f"{output}: {seen[0].measure.replace('_', ' ')}{better}")
    axes.set_xlabel("dashed: Keras", fontsize=8, color=INK)


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=10, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _color(report: Report, variant: Variant) -> str:
    if variant is report.chosen:
        return CHOSEN
    return REFUSED if variant.wrong else OTHER
