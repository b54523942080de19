"""Pictures of what a model makes of its inputs: each fills an empty figure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.insight.pictures_of_answers import INK, MODEL, OTHER, PALE, plain_axes
from mmkeras_edge.image import load_image
from mmkeras_edge.specs import ImageSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mmkeras.insight.gallery import Gallery, Sample
    from mmkeras.insight.modalities import Modalities
    from mmkeras.insight.robustness import Curve, Robustness

COLUMNS = 3  # of panels
THUMB = ImageSpec(96, 96, fit="pad")


def draw_modalities(figure: Figure, output: str, result: Modalities) -> None:
    """Each input alone and left out on the left; what each brought to each row on the right."""
    figure.set_size_inches(11, 1.8 + 0.75 * len(result.inputs))
    left, right = figure.subplots(1, 2)
    names = [each.name for each in result.inputs][::-1]
    places = np.arange(len(names))
    alone = [each.alone for each in result.inputs][::-1]
    without = [each.left_out for each in result.inputs][::-1]
    left.barh(places + 0.2, alone, 0.38, color=MODEL, label="alone")
    left.barh(places - 0.2, without, 0.38, color=PALE, label="left out")
    left.axvline(result.whole, color=INK, label="all inputs")
    left.axvline(result.nothing, color=INK, ls=":", label="none")
    left.set_yticks(places, names)
    measure = result.measure.replace("_", " ")
    plain_axes(left, f"{output}: {measure}", measure)
    if result.rows:
        shares = [[row.inputs[name] for row in result.rows] for name in names]
        right.boxplot(shares, orientation="horizontal", tick_labels=names, widths=0.5, sym=".")
        right.axvline(0, color=INK, ls=":")
        plain_axes(right, "what each input adds to a row's answer (Shapley)", "better is right")
    else:
        right.set_axis_off()
    figure.legend(loc="outside lower left", frameon=False, ncols=4)


def draw_robustness(figure: Figure, output: str, result: Robustness) -> None:
    """A panel for each input: one line a kind of noise, dashed for the file."""
    inputs = list(dict.fromkeys(curve.input for curve in result.curves))
    rows = -(-len(inputs) // COLUMNS)
    columns = min(len(inputs), COLUMNS)
    figure.set_size_inches(0.6 + 4.2 * columns, 0.8 + 3.4 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flat
    beside = "" if result.clean_beside is None else "; dashed: the file"
    figure.suptitle(
        f"{output}: {result.measure.replace('_', ' ')} under noise, {result.rows} rows{beside}",
        color=INK,
    )
    for axes, name in zip(panels, inputs, strict=False):
        curves = [curve for curve in result.curves if curve.input == name]
        _draw_noise(axes, result, curves)
        plain_axes(axes, name, "level of noise")
    for axes in list(panels)[len(inputs) :]:
        axes.set_axis_off()


def _draw_noise(axes: Axes, result: Robustness, curves: list[Curve]) -> None:
    from matplotlib import colormaps

    for place, curve in enumerate(curves):
        color, levels = colormaps["tab10"](place), range(len(curve.levels) + 1)
        axes.plot(
            levels, [result.clean, *curve.figures], "o-", ms=3, color=color, label=curve.noise
        )
        if curve.beside is not None and result.clean_beside is not None:
            axes.plot(levels, [result.clean_beside, *curve.beside], "--", color=color)
    axes.legend(frameon=False, fontsize=8, loc="best")


def draw_gallery(figure: Figure, output: str, result: Gallery) -> None:
    """Two lines of samples: the most wrong, and the least certain."""
    count = max(len(result.worst), len(result.unsure), 1)
    figure.set_size_inches(1.0 + 1.75 * count, 6.0)
    panels = figure.subplots(2, count, squeeze=False)
    lines = (("most wrong", result.worst), ("least certain", result.unsure))
    for line, (what, samples) in zip(panels, lines, strict=True):
        for axes in line:
            axes.set_axis_off()
        for place, (axes, sample) in enumerate(zip(line, samples, strict=False)):
            _draw_sample(axes, result.kinds, sample)
            if not place:
                axes.text(-0.12, 0.5, what, transform=axes.transAxes, rotation=90, va="center",
                          ha="right", color=INK)  # fmt: skip
    figure.suptitle(f"{output}: samples to look at", color=INK)


def _draw_sample(axes: Axes, kinds: dict[str, str], sample: Sample) -> None:
    picture = next(
        (of for name, of in sample.inputs.items() if kinds[name] == "image" and of is not None),
        None,
    )
    if picture is not None:
        axes.imshow(load_image(_first(picture), THUMB))
    words = [
        str(of) for name, of in sample.inputs.items() if kinds[name] in ("text", "table") and of
    ]
    caption = textwrap.fill(textwrap.shorten(" ".join(words), 60, placeholder="..."), 22)
    axes.set_title(caption or f"line {sample.line}", fontsize=7, color=INK)
    wrong = sample.said != sample.truth
    said = f"{sample.said}\nis {sample.truth}" if wrong else sample.said
    said += f"\nline {sample.line}"
    color = OTHER if wrong else INK
    axes.text(0.5, -0.05, said, transform=axes.transAxes, ha="center", va="top", fontsize=7,
              color=color)  # fmt: skip


def _first(source: Any) -> Any:
    """Of several views."""
    return source[0] if isinstance(source, tuple) else source
