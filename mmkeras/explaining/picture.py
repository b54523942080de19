"""One picture a sample: what it was given, what it answered, and what mattered."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from mmkeras.explaining.board import AGAINST, FOR, INK, PALE, Board, bare
from mmkeras.explaining.panels import LEFT, PANELS, Place
from mmkeras_edge.outputs import PROBABILITIES

if TYPE_CHECKING:
    from mmkeras.canvas import Canvas
    from mmkeras.explaining.attention import Attention
    from mmkeras.explaining.explanation import Explanation

WIDTH = 10.0  # inches
HEAD, CHARTS, BETWEEN, ABSENT = 1.3, 1.75, 0.62, 0.2
SHOWN = 5  # labels
FAINTEST = 0.06  # share of the most that an input's colours begin at
ANSWER, WATERFALL = 2.3, 3.1  # inches


def draw(explanation: Explanation) -> Canvas:
    """The page; it belongs to nobody's window."""
    wide = WIDTH - LEFT - 0.3
    heights = dict.fromkeys(explanation.sample.sources, ABSENT)
    for mark in explanation.marks:
        heights[mark.name] = PANELS[mark.kind].height(mark, wide)
    charts = max(CHARTS, 0.5 + 0.3 * (len(explanation.contributions.inputs) + 2))
    board = Board(WIDTH, HEAD + charts + sum(of + BETWEEN for of in heights.values()) + 0.15)
    _draw_head(board, explanation)
    _draw_answer(board, explanation, HEAD + 0.25, charts - 0.6)
    _draw_added(board, explanation, HEAD + 0.25, charts - 0.6)
    if explanation.attention is not None:
        _draw_attention(board, explanation.attention, HEAD + 0.25)
    top = HEAD + charts
    for name, height in heights.items():
        place = Place(top + 0.35, wide, _strength(explanation, name))
        _draw_input(board, explanation, name, place)
        top += height + BETWEEN
    return board.figure


def _strength(explanation: Explanation, name: str) -> float:
    """Of an input's colours: 1 for the one that added or took most."""
    added = explanation.contributions.inputs
    most = max((abs(of) for of in added.values()), default=0.0)
    return float(np.sqrt(max(abs(added.get(name, 0.0)) / max(most, 1e-9), FAINTEST)))


def _draw_head(board: Board, explanation: Explanation) -> None:
    question = explanation.question
    said = f"{question.output}: {explanation.told}"
    board.write(0.3, 0.22, textwrap.shorten(said, 70), 17, weight="bold")
    about = explanation.sample.title
    if explanation.truth is not None:
        words = {True: "which is right", False: f"but it is {explanation.truth}"}
        word = words.get(bool(explanation.right), "")
        if explanation.right is None:
            word = f"it is {explanation.truth} {explanation.question.unit}".strip()
        about = f"{about}: {word}" if about else word
    others = [f"{name}: {text}" for name, text in explanation.others.items()]
    line = "   ·   ".join(filter(None, [about, *others]))
    board.write(0.3, 0.62, textwrap.shorten(line, 130, placeholder="..."), 9.5, color=PALE)
    what = question.label or "a higher number"
    board.write(0.3, 0.92, "\u25a0", 12, color=FOR)
    board.write(0.48, 0.94, f"speaks for {what}", 9.5)
    board.write(3.4, 0.92, "\u25a0", 12, color=AGAINST)
    board.write(3.58, 0.94, "speaks against it", 9.5)
    board.write(5.6, 0.94, "paler in inputs that added less", 9.5, color=PALE)
    board.rule(HEAD - 0.05)


def _draw_answer(board: Board, explanation: Explanation, top: float, height: float) -> None:
    """The most probable labels; nothing for a number."""
    if explanation.question.spec.kind not in PROBABILITIES:
        return
    board.write(0.3, top - 0.22, "what it answers", 9, color=PALE)
    best = list(explanation.answers.items())[:SHOWN]
    axes = board.axes(1.35, top, ANSWER - 0.85, height)
    places = np.arange(len(best))[::-1]
    asked = explanation.question.label
    colors = [INK if label == asked else "#B8B8B8" for label, _ in best]
    axes.barh(places, [share for _, share in best], 0.68, color=colors)
    for place, (label, share) in zip(places, best, strict=True):
        name = textwrap.shorten(label, 16, placeholder="...") or label[:13] + "..."
        axes.text(
            -0.04, place, name, ha="right", va="center", fontsize=8, color=INK, parse_math=False
        )
        axes.text(share + 0.03, place, f"{share:.0%}", va="center", fontsize=8, color=INK)
    axes.set_xlim(0, 1.25)
    axes.set_ylim(-0.6, max(len(best), 3) - 0.4)
    axes.set_axis_off()


def _draw_added(board: Board, explanation: Explanation, top: float, height: float) -> None:
    """From what is answered blind, step by step, to what is answered."""
    found = explanation.contributions
    board.write(4.0, top - 0.22, "what each input added", 9, color=PALE)
    axes = board.axes(4.95, top, WATERFALL - 0.75, height)
    steps = list(found.inputs.items())
    at, rows = found.nothing, len(steps) + 2
    scale = max(abs(found.whole), abs(found.nothing), 1e-9)
    ends = [found.nothing, found.whole]
    _step(axes, rows - 1, "without any", 0.0, found.nothing, "#B8B8B8", explanation.figure_of(at))
    for i, (name, added) in enumerate(steps):
        place, color = rows - 2 - i, FOR if added >= 0 else AGAINST
        start = at if found.exact else 0.0
        _step(axes, place, name, start, start + added, color, explanation.change_of(added))
        axes.plot([start, start], [place - 0.35, place + 1.35], color=PALE, lw=0.5)
        at += added
        ends += [start, start + added]
    _step(axes, 0, "together", 0.0, found.whole, INK, explanation.figure_of(found.whole))
    low, high = min(0.0, *ends), max(0.0, *ends)
    axes.set_xlim(low, high + 0.35 * max(high - low, 0.05 * scale))
    axes.set_ylim(-0.6, rows - 0.4)
    axes.set_axis_off()


def _step(axes, place: float, name: str, start: float, end: float, color: str, text: str) -> None:
    axes.barh(place, end - start, 0.68, left=start, color=color)
    transform = axes.get_yaxis_transform()
    axes.text(-0.03, place, name, transform=transform, ha="right", va="center", fontsize=8,
              color=INK, parse_math=False)  # fmt: skip
    axes.annotate(text, (max(start, end), place), xytext=(3, 0), textcoords="offset points",
                  va="center", fontsize=8, color=INK)  # fmt: skip


def _draw_attention(board: Board, found: Attention, top: float) -> None:
    """Rows ask, columns are heard; darker is more."""
    rows, columns = found.shares.shape
    board.write(7.35, top - 0.22, f"whom the fusion heard ({found.fusion})", 9, color=PALE)
    side = min(0.42, 1.7 / columns, 1.05 / rows)
    axes = board.axes(8.1, top + 0.2, side * columns, side * rows)
    axes.imshow(found.shares, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    for (row, column), share in np.ndenumerate(found.shares):
        if rows * columns <= 16:
            color = "white" if share > 0.55 else INK
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7,
                      color=color)  # fmt: skip
    bare(axes)
    axes.xaxis.tick_top()
    short = [textwrap.shorten(name, 9, placeholder="..") for name in found.heard]
    turn = 0 if columns <= 3 else 35
    axes.set_xticks(range(columns), short, fontsize=7, rotation=turn, parse_math=False)
    axes.set_yticks(range(rows), found.asking, fontsize=7, parse_math=False)
    axes.tick_params(length=0, pad=2)


def _draw_input(board: Board, explanation: Explanation, name: str, place: Place) -> None:
    board.rule(place.top - 0.3)
    board.write(0.3, place.top - 0.05, name, 11, weight="bold")
    mark = next((each for each in explanation.marks if each.name == name), None)
    if mark is None:
        board.write(0.3, place.top + 0.17, "absent", 9, color=PALE)
        return
    added = explanation.contributions.inputs[name]
    color = FOR if added >= 0 else AGAINST
    board.write(0.3, place.top + 0.17, explanation.change_of(added), 10, color=color)
    spec = explanation.specs[name]
    PANELS[mark.kind].draw(board, mark, spec, place)
