"""One band of the picture for each input: what was given, and what in it mattered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mmkeras.branches.log_mel import hz_to_mel
from mmkeras.explaining.board import (
    AGAINST,
    FOR,
    INK,
    PALE,
    Board,
    bare,
    level,
    smooth,
    tinted,
    width_of,
)
from mmkeras.explaining.marks import Mark
from mmkeras_edge.readings import digits
from mmkeras_edge.specs import AudioSpec, SensorSpec, TableSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT = 1.75  # inches where the panels begin; left of it are names
GAP = 0.22
SIDE = 2.35  # of a picture
LINE = 0.34  # of a text
WORD_PT = 12
LETTERS = 600  # of a long text that are shown
FIELDS = 12  # of a record; the others matter less
BLUR = 0.025  # of a picture's side: single pixels say little
STRONGEST = 0.85  # the least that a picture shines through
CAM, STROKES = "Grad-CAM: where", "integrated gradients: what"


class Place(NamedTuple):
    """Inches from the top left of the page; `strength`, up to 1, is that of the colours, so that
    what hardly mattered does not shout."""

    top: float
    width: float  # of the panels
    strength: float = 1.0


def _draw_pictures(board: Board, mark: Mark, spec: Any, place: Place) -> None:
    """Each view in a line of three."""
    most = level(_blurred(mark.values))
    for i, (given, values) in enumerate(zip(mark.given, _blurred(mark.values), strict=True)):
        top = place.top + i * (SIDE + GAP)
        grey = _paled(given)
        axes = [board.axes(LEFT + j * (SIDE + GAP), top, SIDE, SIDE) for j in range(3)]
        axes[0].imshow(given)
        bare(axes[0], "" if i else "given")
        axes[1].imshow(grey)
        if mark.places is not None:
            axes[1].imshow(
                tinted(mark.places[i], max(float(mark.places.max()), 1e-9), 0.75 * place.strength)
            )
        bare(axes[1], "" if i else CAM if mark.places is not None else "no map for Grad-CAM")
        axes[2].imshow(grey)
        axes[2].imshow(tinted(values, most, STRONGEST * place.strength))
        bare(axes[2], "" if i else STROKES)


def _draw_film(board: Board, mark: Mark, spec: Any, place: Place) -> None:
    """The frames in a line, below what mattered in each, and how much in all."""
    count = len(mark.given)
    side = min(SIDE * 0.6, (place.width - 0.06 * count) / count)
    blurred = _blurred(mark.values)
    most, sums = level(blurred), mark.values.sum(axis=(1, 2))
    for i in range(count):
        left = LEFT + i * (side + 0.06)
        upper = board.axes(left, place.top, side, side)
        upper.imshow(mark.given[i])
        bare(upper, "given" if not i else "")
        lower = board.axes(left, place.top + side + 0.08, side, side)
        lower.imshow(_paled(mark.given[i]))
        lower.imshow(tinted(blurred[i], most, STRONGEST * place.strength))
        bare(lower)
    bars = board.axes(LEFT, place.top + 2 * side + 0.18, count * (side + 0.06) - 0.06, 0.4)
    colors = [FOR if of >= 0 else AGAINST for of in sums]
    bars.bar(range(count), sums, 0.8, color=colors, alpha=place.strength)
    bars.axhline(0, color=PALE, lw=0.6)
    bars.set_xlim(-0.5, count - 0.5)
    bare(bars)


def _draw_sound(board: Board, mark: Mark, spec: AudioSpec, place: Place) -> None:
    """Spectrograms: time to the right, pitch upwards."""
    width = (place.width - 2 * GAP) / 3
    values = smooth(mark.values, BLUR * max(mark.values.shape))
    seconds = spec.frames * spec.hop_samples / spec.rate_hz
    extent = (0.0, seconds, 0.0, float(spec.mels))
    places = mark.places
    sheets = [np.zeros_like(mark.given), places, np.broadcast_to(values, mark.given.shape)]
    heads = ["given", CAM + " and when" if places is not None else "no map for Grad-CAM", STROKES]
    for i, (sheet, head) in enumerate(zip(sheets, heads, strict=True)):
        axes = board.axes(LEFT + i * (width + GAP), place.top, width, SIDE * 0.72)
        shown: dict[str, Any] = {"origin": "lower", "aspect": "auto", "extent": extent}
        pale = "Greys_r" if not i else "Greys"
        axes.imshow(mark.given.T, cmap=pale, vmin=-2, vmax=2 if not i else 4, **shown)
        if i and sheet is not None:
            tints = tinted(sheet, strongest=STRONGEST * place.strength)
            axes.imshow(np.swapaxes(tints, 0, 1), **shown)
        bare(axes, head)
        _scale(axes, spec, labelled=not i)


def _scale(axes: Axes, spec: AudioSpec, labelled: bool) -> None:
    low, high = hz_to_mel(20.0), hz_to_mel(spec.rate_hz / 2)
    pitches = [hz for hz in (250, 1_000, 4_000) if hz < spec.rate_hz / 2]
    bands = [float((hz_to_mel(hz) - low) / (high - low) * spec.mels) for hz in pitches]
    names = [f"{hz / 1000:g} kHz" for hz in pitches] if labelled else []
    axes.set_yticks(bands, names or [""] * len(bands), fontsize=7, color=PALE)
    axes.tick_params(length=2, color=PALE)
    end = spec.frames * spec.hop_samples / spec.rate_hz
    ends = ["0", f"{end:.3g} s"] if labelled else ["", ""]
    axes.set_xticks([0, end], ends, fontsize=7, color=PALE)
    axes.set_xlim(0, end)


def _draw_text(board: Board, mark: Mark, spec: Any, place: Place) -> None:
    """The words on their colours; what the model did not see is grey."""
    most = max(float(np.abs(mark.values).max(initial=0)), 1e-9)
    for left, line, i in _placed(mark, place.width):
        word, value = mark.words[i], mark.values[i]
        if not word.tokens:
            board.write(LEFT + left, place.top + line * LINE, word.text, WORD_PT, color="#A0A0A0")
            continue
        color = tuple(tinted(np.array(value), most, 0.8 * place.strength))
        box = {"boxstyle": "round,pad=0.22", "facecolor": color, "edgecolor": "none"}
        board.write(LEFT + left, place.top + line * LINE + 0.05, word.text, WORD_PT, bbox=box)


def _placed(mark: Mark, width: float) -> list[tuple[float, int, int]]:
    """Of each word that is shown: inches from the left, its line, its number."""
    found, left, line = [], 0.0, 0
    for i, word in enumerate(mark.words):
        if word.end > LETTERS:
            break
        wide = width_of(word.text, WORD_PT)
        if left and left + wide > width:
            left, line = 0.0, line + 1
        found.append((left, line, i))
        left += wide + 0.17
    return found


def _draw_readings(board: Board, mark: Mark, spec: SensorSpec, place: Place) -> None:
    """Each channel by its own size; beside, channel by time."""
    width = (place.width - 1.2) / 2
    channels = mark.values.shape[1]
    given = board.axes(LEFT, place.top, width, _high(channels))
    for i in range(channels):
        line = mark.given[:, i] - mark.given[:, i].mean()
        size = max(float(np.abs(line).max()), 1e-9)
        given.plot(channels - 1 - i + 0.45 * line / size, lw=0.8, color=INK)
    given.set_ylim(-0.6, channels - 0.4)
    given.set_xlim(0, len(mark.given) - 1)
    bare(given, "given, each channel by its own size")
    marked = board.axes(LEFT + width + 1.2, place.top, width, _high(channels))
    most = level(mark.values)
    extent = (0.0, len(mark.given) / spec.rate_hz, channels - 0.5, -0.5)
    tints = np.swapaxes(tinted(mark.values, most, place.strength), 0, 1)
    marked.imshow(tints, aspect="auto", extent=extent)
    bare(marked, STROKES + ", by channel and time")
    marked.set_yticks(range(channels), mark.parts, fontsize=7, color=PALE, parse_math=False)
    ends = [0, round(extent[1], 2)]
    marked.set_xticks(ends, ["0", f"{ends[1]:g} s"], fontsize=7, color=PALE)
    marked.tick_params(length=2, color=PALE)


def _draw_record(board: Board, mark: Mark, spec: TableSpec, place: Place) -> None:
    """A bar for each field, the largest first."""
    order = np.argsort(-np.abs(mark.values), kind="stable")[:FIELDS][::-1]
    axes = board.axes(LEFT + 1.6, place.top, place.width - 2.2, 0.24 * len(order) + 0.1)
    colors = [FOR if mark.values[i] >= 0 else AGAINST for i in order]
    axes.barh(range(len(order)), mark.values[order], 0.65, color=colors, alpha=place.strength)
    axes.axvline(0, color=PALE, lw=0.6)
    bare(axes)
    names = [f"{mark.parts[i]} = {told(spec, mark.given, i)}" for i in order]
    axes.set_yticks(range(len(order)), names, fontsize=8, color=INK, parse_math=False)
    axes.tick_params(length=0)


def told(spec: TableSpec, given: np.ndarray, place: int) -> str:
    """A field as a person says it."""
    value, first = float(given[place]), len(spec.numbers)
    if place < first:
        return "missing" if np.isnan(value) else digits(value)
    labels = spec.categories[spec.fields[place]]
    return labels[int(value) - 1] if value else "unknown"


def _blurred(values: np.ndarray) -> np.ndarray:
    return smooth(values, BLUR * max(values.shape[1:]))


def _paled(picture: np.ndarray) -> np.ndarray:
    """A picture in light grey, under colours: (H, W, 3), 0 to 1."""
    grey = (picture @ np.array([0.299, 0.587, 0.114])) / 255
    return np.repeat((0.45 + 0.55 * grey)[..., None], 3, axis=-1)


def _high(channels: int) -> float:
    return float(np.clip(0.22 * channels, 1.1, 3.0))


class Panel(NamedTuple):
    """How high it is, in inches, (mark, width) -> inches, and how it is drawn."""

    height: Callable[[Mark, float], float]
    draw: Callable[[Board, Mark, Any, Place], None]


def _film_height(mark: Mark, width: float) -> float:
    count = len(mark.given)
    return 2 * min(SIDE * 0.6, (width - 0.06 * count) / count) + 0.6


PANELS: dict[str, Panel] = {  # by kind
    "image": Panel(lambda m, w: len(m.given) * (SIDE + GAP) - GAP, _draw_pictures),
    "video": Panel(_film_height, _draw_film),
    "audio": Panel(lambda m, w: SIDE * 0.72 + 0.15, _draw_sound),
    "text": Panel(
        lambda m, w: LINE * (1 + max((at[1] for at in _placed(m, w)), default=0)), _draw_text
    ),
    "sensor": Panel(lambda m, w: _high(m.values.shape[1]) + 0.15, _draw_readings),
    "table": Panel(lambda m, w: 0.24 * min(len(m.values), FIELDS) + 0.1, _draw_record),
}
