"""The quickstart's picture: samples with predictions, modalities, and size against accuracy."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras_edge.outputs import ClassifySpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Outputs = Mapping[str, np.ndarray]  # probabilities by output, (rows, labels)

SAMPLES = 8
MARKERS = "osD^vP"
RIGHT, WRONG, INK, FUSED, PALE = "#1b7837", "#b2182b", "#333333", "#2166ac", "#b8c7d9"


def draw_sheet(
    path: Path,
    recipe: Recipe,
    test: Prepared,
    outputs: Outputs,
    variants: Sequence[Mapping[str, Any]],
    alone: Mapping[str, Mapping[str, float]],
) -> None:
    """Writes a PNG of 1600 x 900 px, complete or not at all."""
    from mmkeras.canvas import Canvas

    figure = Canvas(figsize=(16, 9), dpi=100, layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=(1.25, 1), wspace=0.04)
    left, right = (figure.add_subfigure(grid[0, side]) for side in (0, 1))
    left.suptitle("Test samples: what the model says of picture, caption and voice", color=INK)
    chosen = np.linspace(0, len(test) - 1, SAMPLES + 1).astype(int)[:-1]
    for axes, row in zip(left.subplots(2, SAMPLES // 2).flat, chosen, strict=True):
        _draw_sample(axes, recipe, test, outputs, int(row))
    upper, lower = right.subplots(2, 1, height_ratios=(1, 1.5))
    _draw_modalities(upper, alone)
    _draw_variants(lower, variants)
    figure.write(path)


def _draw_sample(axes: Axes, recipe: Recipe, test: Prepared, outputs: Outputs, row: int) -> None:
    axes.imshow(test.inputs["image"].take(np.array([row]))[0])
    axes.set_axis_off()
    caption = textwrap.shorten(test.manifest.sources(row)["text"] or "(none)", 56)
    axes.set_title(textwrap.fill(caption, 24), fontsize=10, color=INK)
    for line, (name, probabilities) in enumerate(outputs.items()):
        spec = recipe.outputs[name].spec
        assert isinstance(spec, ClassifySpec)  # as the tour's targets are
        labels = spec.labels
        said, truth = int(probabilities[row].argmax()), int(test.targets[name][row])
        text = f"{labels[said]} {probabilities[row][said]:.0%}"
        if said != truth:
            text += f", is {labels[truth]}"
        axes.text(
            0.5,
            -0.04 - 0.1 * line,
            text,
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=11,
            color=RIGHT if said == truth else WRONG,
        )


def _draw_modalities(axes: Axes, alone: Mapping[str, Mapping[str, float]]) -> None:
    target = next(iter(next(iter(alone.values()))))
    names = list(alone)[::-1]
    shares = [alone[name][target] for name in names]
    fused = next(iter(alone))
    bars = axes.barh(names, shares, color=[FUSED if name == fused else PALE for name in names])
    axes.bar_label(bars, [f"{share:.3f}" for share in shares], padding=4, color=INK)
    axes.set_xlim(0, 1)
    axes.set_title(f"Accuracy of {target} on the test rows: together and alone", color=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_variants(axes: Axes, variants: Sequence[Mapping[str, Any]]) -> None:
    target = next(iter(variants[0]["accuracy"]))
    for variant, marker in zip(variants, MARKERS, strict=False):
        size, share = variant["compressed_kb"], variant["accuracy"][target]
        text = f"{variant['variant']}: {size:,.0f} kB, {variant['ms']:.2f} ms, {share:.3f}"
        axes.scatter([size], [share], s=130, marker=marker, alpha=0.8, zorder=3, label=text)
    exact = variants[0]["keras_accuracy"][target]
    axes.axhline(exact, color=INK, ls=":", lw=1, label=f"Keras: {exact:.3f}")
    shares = [exact, *(variant["accuracy"][target] for variant in variants)]
    axes.set_ylim(min(shares) - 0.03, max(shares) + 0.03)
    axes.set_xlim(0, None)
    axes.set_xlabel("compressed model, kB")
    axes.set_ylabel(f"accuracy of {target}")
    axes.set_title("The files on the device's runtime: size against accuracy", color=INK)
    axes.legend(loc="best", frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
