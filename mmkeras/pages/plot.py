"""Lines over two axes as SVG in a page: its colours follow the reader's scheme, and it shrinks to
a telephone. A line has a pattern too, for who does not tell colours apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mmkeras.pages.document import e

WIDTH, HEIGHT = 360, 230
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 38  # of the frame, for words
TICKS = 5
TINY = 1e-3  # below it decimals are too long to stand beside an axis
DASHES = ("", "6 3", "2 3", "8 3 2 3", "4 2", "1 2")  # by colour
COLOURS = len(DASHES)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Line:
    """One with a name; `dots` marks its points or, without `joined`, is all there is of it;
    `colour` is its place among those of the style, -1 for the pale one to compare with; `dashed`
    takes the place of the colour's own pattern, and what is not `named` is not in the legend."""

    name: str
    points: Points
    colour: int = 0
    dots: bool = False
    joined: bool = True
    dashed: bool | None = None
    named: bool = True


@dataclass(frozen=True)
class Axis:
    """What is said along it, and its ends; None: as the points need."""

    name: str
    low: float | None = None
    high: float | None = None
    whole: bool = False  # ticks at whole numbers alone


def plot(title: str, lines: Sequence[Line], x: Axis, y: Axis) -> str:
    """A figure with a caption, a legend and words for who does not see it; points that are no
    number are left out."""
    kept = [_finite(line.points) for line in lines]
    across = _scale([p[0] for points in kept for p in points], x)
    up = _scale([p[1] for points in kept for p in points], y)
    drawn = [_grid(across, up, x, y)]
    for line, points in zip(lines, kept, strict=True):
        drawn.append(_line(line, [(_x(a, across), _y(b, up)) for a, b in points]))
    said = "; ".join(_in_words(n.name, of) for n, of in zip(lines, kept, strict=True) if of)
    named = [line for line in lines if line.named]
    legend = "".join(map(_key, named)) if len(named) > 1 else ""
    return (
        f'<figure class="plot"><figcaption>{e(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{e(f"{title}: {said}")}">'
        f'{"".join(drawn)}</svg><ul class="legend">{legend}</ul></figure>'
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    step: float
    ticks: tuple[float, ...]


def _finite(points: Points) -> list[tuple[float, float]]:
    return [(a, b) for a, b in points if math.isfinite(a) and math.isfinite(b)]


def _scale(values: Sequence[float], axis: Axis) -> _Scale:
    low = axis.low if axis.low is not None else min(values, default=0.0)
    high = axis.high if axis.high is not None else max(values, default=1.0)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    step = _step((high - low) / TICKS, axis.whole)
    low = low if axis.low is not None or axis.whole else math.floor(low / step) * step
    high = high if axis.high is not None or axis.whole else math.ceil(high / step - 1e-9) * step
    first = math.ceil(low / step - 1e-9)
    count = math.floor((high - first * step) / step + 1e-9) + 1
    return _Scale(low, high, step, tuple((first + i) * step for i in range(count)))


def _step(least: float, whole: bool) -> float:
    """The next of 1, 2, 5, 10, ...

    >>> _step(0.03, False), _step(0.4, True)
    (0.05, 1.0)
    """
    unit = 10.0 ** math.floor(math.log10(least))
    step = next(unit * of for of in (1, 2, 5, 10) if unit * of >= least * (1 - 1e-9))
    return max(step, 1.0) if whole else step


def _x(value: float, scale: _Scale) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - scale.low) / (scale.high - scale.low)


def _y(value: float, scale: _Scale) -> float:
    return (
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - scale.low) / (scale.high - scale.low)
    )


def _grid(across: _Scale, up: _Scale, x: Axis, y: Axis) -> str:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    marks = []
    for tick in up.ticks:
        at = _y(tick, up)
        marks.append(
            f'<path class="grid" d="M{LEFT} {at:.1f}H{right}"/>'
            f'<text x="{LEFT - 5}" y="{at + 3.5:.1f}" text-anchor="end">{_tick(tick, up)}</text>'
        )
    for tick in across.ticks:
        at = _x(tick, across)
        marks.append(
            f'<text x="{at:.1f}" y="{bottom + 14}" text-anchor="middle">'
            f"{_tick(tick, across)}</text>"
        )
    middle = (LEFT + right) / 2
    marks.append(f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>')
    marks.append(
        f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle" class="name">{e(x.name)}</text>'
    )
    if y.name:
        marks.append(
            f'<text transform="translate(10 {(TOP + bottom) / 2}) rotate(-90)" '
            f'text-anchor="middle" class="name">{e(y.name)}</text>'
        )
    return "".join(marks)


def _line(line: Line, places: Points) -> str:
    of = f'class="line {_class(line)}"'
    drawn = ""
    if line.joined and places:
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        drawn = f'<polyline {of} points="{path}"{_pattern(line)}/>'
    if line.dots:
        dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.4"/>' for a, b in places)
        drawn += f'<g class="dots {_class(line)}">{dots}</g>'
    return drawn


def _key(line: Line) -> str:
    sign = f'<path class="line {_class(line)}" d="M1 6H27"{_pattern(line)}/>' if line.joined else ""
    if line.dots:
        sign += f'<g class="dots {_class(line)}"><circle cx="14" cy="6" r="2.6"/></g>'
    return f'<li><svg viewBox="0 0 28 12" aria-hidden="true">{sign}</svg>{e(line.name)}</li>'


def _class(line: Line) -> str:
    return "pale" if line.colour < 0 else f"s{line.colour % COLOURS}"


def _pattern(line: Line) -> str:
    own = "3 4" if line.colour < 0 else DASHES[line.colour % COLOURS]
    dashes = own if line.dashed is None else "3 4" * line.dashed
    return f' stroke-dasharray="{dashes}"' if dashes else ""


def _in_words(name: str, points: Points) -> str:
    values = [b for _, b in points]
    return f"{name} {_number(values[0])} to {_number(values[-1])}, {len(values)} points"


def _tick(value: float, scale: _Scale) -> str:
    """With as many decimals as tell it from its neighbours; tiny ones by their power of ten."""
    if max(abs(scale.low), abs(scale.high)) < TINY:
        return _number(value)
    decimals = -math.floor(math.log10(scale.step) + 1e-9)
    return f"{value:,.{max(0, decimals)}f}"


def _number(value: float) -> str:
    """
    >>> [_number(v) for v in (0.30000000000000004, 12, 999.6, 1500.0)]
    ['0.3', '12', '1,000', '1,500']
    """
    return f"{value:,.3g}" if abs(value) < 999.5 else f"{value:,.0f}"


def spread(names: Sequence[str]) -> dict[str, int]:
    """A colour each, by turns."""
    return dict(zip(names, itertools.cycle(range(COLOURS)), strict=False))
