"""The picture of a comparison: how good each recipe is against what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.series import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mmkeras.comparison import Comparison, Contender

INK = "#333333"
COLORS = "tab10"  # matplotlib's, ten that are told apart
MARKERS = "oD^vP"  # the next one with every ten


def draw_comparison(path: Path, comparison: Comparison) -> None:
    """A PNG with a panel for each output: its measure, with a standard deviation to both sides,
    against milliseconds on the device's runtime, or parameters where nothing was measured.

    Single modalities are squares.
    """
    from mmkeras.canvas import Canvas

    outputs = list(comparison.measures)
    figure = Canvas(figsize=(5.2 * len(outputs) + 2.0, 4.4), layout="constrained")
    panels = figure.subplots(1, len(outputs), squeeze=False)[0]
    for axes, output in zip(panels, outputs, strict=True):
        _draw(axes, comparison, output)
    points, names = panels[0].get_legend_handles_labels()
    figure.legend(points, names, loc="outside right upper", frameon=False, fontsize=9)
    figure.write(path, 110)


def _draw(axes: Axes, comparison: Comparison, output: str) -> None:
    from matplotlib import colormaps

    timed = any("ms" in each.device for each in comparison.contenders)
    shown = [each for each in comparison.contenders if "ms" in each.device or not timed]
    for number, each in enumerate(shown):
        axes.errorbar(
            _cost(each, timed),
            each.mean(output),
            yerr=spread(each.by_seed(output)) or 0.0,
            color=colormaps[COLORS](number % 10),
            marker="s" if each.alone else MARKERS[number // 10 % len(MARKERS)],
            capsize=3,
            ls="",
            label=each.name,
        )
    costs = [_cost(each, timed) for each in shown]
    if max(costs) > 5 * min(costs):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.set_xlim(0, max(costs) * 1.1)
    axes.set_xlabel("ms of one sample on the device's runtime, here" if timed else "parameters")
    measure = comparison.measures[output]
    better = "" if measure.higher else ", lower is better"
    axes.set_ylabel(f"{measure.name.replace('_', ' ')} on the test rows{better}")
    axes.set_title(output, color=INK)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _cost(each: Contender, timed: bool) -> float:
    return each.device["ms"] if timed else each.parameters
