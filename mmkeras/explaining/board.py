"""A figure laid out by hand, in inches from the top left; words of any script, taken literally."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mmkeras.canvas import Canvas

# Okabe and Ito's vermilion and blue, which all kinds of eyes tell apart, also in grey.
FOR, AGAINST, INK, PALE, RULE = "#D55E00", "#0072B2", "#222222", "#666666", "#CCCCCC"
POINTS = 72  # an inch
UNKNOWN = "\u25a1"  # in the place of a letter that the font lacks


class Board:
    """A white page `width` inches wide, as high as what is put on it."""

    def __init__(self, width: float, height: float):
        from mmkeras.canvas import Canvas

        self.width, self.height = width, height
        self.figure: Canvas = Canvas(figsize=(width, height), facecolor="white")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """An area for drawing."""
        bottom = self.height - top - height
        of = (self.width, self.height, self.width, self.height)
        place = [x / y for x, y in zip((left, bottom, width, height), of, strict=True)]
        return self.figure.add_axes((place[0], place[1], place[2], place[3]))

    def write(self, left: float, top: float, text: str, size: float = 9, **style: Any) -> None:
        """A line; `top` is its upper edge."""
        style = {"color": INK, "va": "top", "ha": "left", **style}
        x, y = left / self.width, 1 - top / self.height
        self.figure.text(x, y, printable(text), fontsize=size, parse_math=False, **style)

    def rule(self, top: float, left: float = 0.3) -> None:
        """A thin line across."""
        from matplotlib.lines import Line2D

        y = 1 - top / self.height
        ends = left / self.width, 1 - 0.3 / self.width
        self.figure.add_artist(Line2D(ends, (y, y), color=RULE, lw=0.8))


def printable(text: str) -> str:
    """What the font has of it, on one line."""
    known = _letters()
    return "".join(c if ord(c) in known else UNKNOWN for c in " ".join(text.split()))


@functools.cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def width_of(text: str, size: float) -> float:
    """Of a line, in inches."""
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.0
    return float(TextPath((0, 0), printable(text), size=size).get_extents().width) / POINTS


def bare(axes: Axes, title: str = "") -> None:
    """No ticks, a thin frame, a small title."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=8, color=PALE, pad=3)
    for spine in axes.spines.values():
        spine.set(color=RULE, linewidth=0.6)


def level(values: np.ndarray) -> float:
    """What counts as full colour: nearly the largest size, so that one dot does not drown all."""
    return max(float(np.quantile(np.abs(values), 0.995)), 1e-9)


def tinted(values: np.ndarray, most: float | None = None, strongest: float = 0.85) -> np.ndarray:
    """Signed numbers as colours over a picture, more opaque the larger: (...) -> (..., 4)."""
    from matplotlib.colors import to_rgb

    share = np.clip(values / (level(values) if most is None else most), -1, 1)
    colors = np.where(share[..., None] >= 0, to_rgb(FOR), to_rgb(AGAINST))
    return np.concatenate([colors, strongest * np.abs(share)[..., None]], axis=-1)


def smooth(values: np.ndarray, sigma: float) -> np.ndarray:
    """The last two axes under a Gaussian, sigma in cells."""
    if sigma <= 0:
        return values
    reach = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    kernel = np.exp(-(reach**2) / (2 * sigma**2))
    for axis in (-1, -2):
        if values.shape[axis] > 1:
            share = np.apply_along_axis(
                np.convolve, axis, np.ones_like(values), kernel, "same"
            )  # the borders have fewer neighbours
            values = np.apply_along_axis(np.convolve, axis, values, kernel, "same") / share
    return values
