"""Pictures of what a model answers: each fills an empty figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mmkeras.insight.calibration import Calibration
    from mmkeras.insight.classes import Classes
    from mmkeras.insight.curves import Curves
    from mmkeras.insight.decisions import Decisions
    from mmkeras.insight.residuals import Residuals
    from mmkeras.insight.slices import Slices
    from mmkeras.insight.thresholds import Thresholds
    from mmkeras.insight.uncertainty import Uncertainty

INK, MODEL, OTHER, PALE = "#333333", "#2166ac", "#b2182b", "#b8c7d9"
NAMED = 10  # curves that get a name; of more, the worst do


def plain_axes(axes: Axes, title: str, x: str = "", y: str = "") -> None:
    """A title, names of the axes, a quiet grid."""
    axes.set_title(title, color=INK, fontsize=11)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def draw_classes(figure: Figure, output: str, result: Classes) -> None:
    """The confusion matrix by shares of what occurs, with the counts; without one, F1 by label."""
    names = [label.name for label in result.labels]
    if result.confusion is None:
        figure.set_size_inches(7, 1 + 0.3 * len(names))
        axes = figure.add_subplot()
        axes.barh(names[::-1], [label.f1 or 0.0 for label in result.labels][::-1], color=MODEL)
        axes.set_xlim(0, 1)
        plain_axes(axes, f"{output}: F1 by label", "F1")
        return
    counts = np.array(result.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.42 * len(names)
    figure.set_size_inches(side + 0.6, side)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    for (row, column), count in np.ndenumerate(counts):
        if count and len(names) <= 30:
            color = "white" if shares[row, column] > 0.5 else INK
            axes.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
    axes.set_xlabel("said")
    axes.set_ylabel("is")
    axes.set_title(f"{output}: what is said of what", color=INK, fontsize=11)


def draw_calibration(figure: Figure, output: str, result: Calibration) -> None:
    """How often right by how sure, with the number of rows below."""
    figure.set_size_inches(5.4, 5.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    width = min(each.high - each.low for each in result.bins)
    middles = [(each.low + each.high) / 2 for each in result.bins]
    upper.bar(middles, [b.right for b in result.bins], width * 0.92, color=PALE, label="right")
    sure, right = [b.sure for b in result.bins], [b.right for b in result.bins]
    upper.plot(sure, right, "o-", color=MODEL, label="how sure, how often right")
    upper.plot([0, 1], [0, 1], ":", color=INK, label="as sure as right")
    upper.legend(frameon=False, loc="upper left")
    upper.set_ylim(0, 1.02)
    title = f"{output}: calibration error {result.ece:.3f}, temperature {result.temperature:.2f}"
    plain_axes(upper, title, "", "share that is right")
    lower.bar(middles, [each.count for each in result.bins], width * 0.92, color=PALE)
    lower.set_xlim(0, 1)
    plain_axes(lower, "", "how sure", "rows")


def draw_curves(figure: Figure, output: str, result: Curves) -> None:
    """ROC on the left, precision over recall on the right."""
    from matplotlib import colormaps

    figure.set_size_inches(11.5, 4.6)
    left, right = figure.subplots(1, 2)
    worst = sorted(result.labels, key=lambda each: each.ap)[:NAMED]
    for each in result.labels:
        place = worst.index(each) if each in worst else None
        color = PALE if place is None else colormaps["tab10"](place)
        label = None if place is None else f"{each.label}: AUC {each.auc:.3f}, AP {each.ap:.3f}"
        left.plot([0, *each.false_alarms], [0, *each.recall], color=color, lw=1.3)
        right.step(each.recall, each.precision, color=color, lw=1.3, label=label, where="pre")
    left.plot([0, 1], [0, 1], ":", color=INK)
    for axes in (left, right):
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
    plain_axes(left, f"{output}: ROC", "false alarms", "found")
    plain_axes(right, f"{output}: precision and recall", "recall", "precision")
    figure.legend(loc="outside right center", frameon=False, fontsize=8)


def draw_residuals(figure: Figure, output: str, result: Residuals) -> None:
    """Answers against truths, and how the errors are distributed."""
    figure.set_size_inches(10, 4.4)
    left, right = figure.subplots(1, 2)
    said, truth = np.array(result.said), np.array(result.truth)
    unit = f" in {result.unit}" if result.unit else ""
    ends = min(said.min(), truth.min()), max(said.max(), truth.max())
    left.plot(ends, ends, ":", color=INK)
    left.scatter(truth, said, s=9, alpha=0.5, color=MODEL)
    plain_axes(left, f"{output}: said and true", f"true{unit}", f"said{unit}")
    right.hist(said - truth, bins=30, color=PALE)
    right.axvline(0, color=INK, ls=":")
    right.axvline(result.bias, color=OTHER, label=f"bias {result.bias:.3g}")
    right.legend(frameon=False)
    plain_axes(right, f"mean error {result.mae:.3g}{unit}", f"said - true{unit}", "rows")


def draw_thresholds(figure: Figure, output: str, result: Thresholds) -> None:
    """What a row costs, by threshold; dots are the cheapest, crosses those that there are."""
    from matplotlib import colormaps

    figure.set_size_inches(6.4, 4.2)
    axes = figure.add_subplot()
    for place, each in enumerate(result.labels):
        color = colormaps["tab10"](place % 10)
        axes.plot(each.thresholds, each.cost, color=color, lw=1.2, label=each.label)
        axes.plot(each.threshold, each.least, "o", color=color)
        axes.plot(each.now, each.cost_now, "x", color=color)
    axes.axvline(result.by_theory, color=INK, ls=":", label="if well calibrated")
    axes.legend(frameon=False, fontsize=8)
    axes.set_xlim(0, 1)
    costs = f"a missed yes {result.missed:g}, a false one {result.alarm:g}"
    plain_axes(axes, f"{output}: cost of a row ({costs})", "threshold", "cost")


def draw_decisions(figure: Figure, output: str, result: Decisions) -> None:
    """What a row costs by each way to answer, and how often each label is said by it."""
    figure.set_size_inches(10, 1.6 + 0.42 * len(result.labels))
    left, right = figure.subplots(1, 2)
    ways = [f"always {result.always}", "most probable", "cheapest"]
    costs = [result.constant, result.probable, result.cheapest]
    bars = left.barh(ways, costs, color=[PALE, PALE, MODEL])
    left.bar_label(bars, [f"{cost:.3g}" for cost in costs], padding=3, fontsize=9)
    plain_axes(left, f"{output}: cost of a row", "cost")
    places = np.arange(len(result.labels))
    counts = {"is": INK, "probable": PALE, "cheapest": MODEL}
    for (name, color), shift in zip(counts.items(), (0.27, 0.0, -0.27), strict=True):
        values = [each.occurs if name == "is" else getattr(each, name) for each in result.labels]
        right.barh(-places + shift, values, 0.25, color=color, label=name)
    right.set_yticks(-places, [each.label for each in result.labels])
    right.legend(frameon=False, fontsize=8)
    plain_axes(right, "how often each label is said", "rows")


def draw_slices(figure: Figure, output: str, result: Slices) -> None:
    """The figure of each slice with its interval, and that of all rows."""
    lines = [(name, each) for name, of in result.columns.items() for each in of][::-1]
    figure.set_size_inches(7, 1.4 + 0.28 * len(lines))
    axes = figure.add_subplot()
    for place, (_, each) in enumerate(lines):
        color = OTHER if each.differs(result.whole) else MODEL
        axes.plot([each.interval.low, each.interval.high], [place, place], color=color)
        axes.plot(each.figure, place, "o", color=color)
    axes.axvline(result.whole, color=INK, ls=":")
    axes.set_yticks(range(len(lines)), [f"{n}: {e.value} ({e.rows})" for n, e in lines], fontsize=8)
    measure = result.measure.replace("_", " ")
    plain_axes(axes, f"{output}: {measure} by slice, 95%; dotted: all rows", measure)


def draw_uncertainty(figure: Figure, output: str, result: Uncertainty) -> None:
    """The figure over what is kept, when the least certain rows are turned away."""
    figure.set_size_inches(6.4, 4.2)
    axes = figure.add_subplot()
    shares, figures = zip(*result.curve, strict=True)
    axes.plot([100 * share for share in shares], figures, color=MODEL)
    for each in result.kept[1:]:
        axes.plot(100 * each.share, each.figure, "o", color=MODEL)
        where = (100 * each.share, each.figure)
        axes.annotate(
            f"{each.limit:.2f}", where, textcoords="offset points", xytext=(4, 6), fontsize=8
        )
    axes.invert_xaxis()
    measure = result.measure.replace("_", " ")
    title = f"{output}: turning away what is less certain; at the dots, the limit"
    plain_axes(axes, title, "% of the rows that are answered", measure)
