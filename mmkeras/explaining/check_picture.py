"""The picture of a deletion test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmkeras.explaining.board import AGAINST, FOR, INK, PALE
from mmkeras.explaining.deletion import GRAD_CAM, POINTS
from mmkeras.insight.pictures_of_answers import plain_axes

if TYPE_CHECKING:
    from mmkeras.canvas import Canvas
    from mmkeras.explaining.checking import Check


def draw_check(found: Check) -> Canvas:
    """A panel an input: the lower a curve, the better its marks; grey is chance."""
    from mmkeras.canvas import Canvas

    names = list(dict.fromkeys(held.input for held in found.each))
    figure = Canvas(figsize=(0.8 + 3.4 * len(names), 3.9), layout="constrained")
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    shares = 100 * np.linspace(0, 1, POINTS)
    for axes, name in zip(panels, names, strict=True):
        each = [held for held in found.each if held.input == name]
        axes.plot(shares, each[0].random, color=PALE, ls="--", lw=1.6, label="at random")
        for held in each:
            color, marker = (AGAINST, "s") if held.method == GRAD_CAM else (FOR, "o")
            label = f"{held.method}: {held.area:+.3f}"
            axes.plot(shares, held.marked, color=color, marker=marker, ms=3.5, lw=1.6, label=label)
            if held is each[0]:
                axes.fill_between(shares, held.random, held.marked, color=color, alpha=0.15, lw=0)
        plain_axes(axes, f"{name}, {each[0].samples} samples", "% taken away, marked first")
        axes.legend(frameon=False, fontsize=8, title="area to random", title_fontsize=8)
    panels[0].set_ylabel(_said(found), color=INK)
    return figure


def _said(found: Check) -> str:
    """What the curves are of."""
    if found.unit is None:
        return f"probability of the {found.output} that was said"
    return f"{found.output}, in {found.unit}" if found.unit else found.output
