"""A model as a drawing: inputs, branches, where they meet, and what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mmkeras.belonging import branch_of
from mmkeras.pages.document import e

if TYPE_CHECKING:
    import keras

    from mmkeras.recipe import Recipe

WIDTH, HIGH, GAP = 380, 44, 12
LEFT, MIDDLE, SPINE = 4, 142, 352  # where inputs, branches and what they flow into stand
INPUT, BRANCH = 114, 176  # widths
LETTERS = 24  # of a line in a box as wide as a branch


class _Box(NamedTuple):
    x: float
    y: float
    width: float
    title: str
    what: str
    looks: str = ""


def diagram(recipe: Recipe, model: keras.Model) -> str:
    """SVG that follows the reader's scheme, with words for who does not see it."""
    boxes: list[_Box] = []
    flows: list[str] = []
    y: float
    for place, (name, source) in enumerate(recipe.inputs.items()):
        y = 4 + place * (HIGH + GAP)
        maybe = "maybe" if name in recipe.optional else ""
        said = f"{source.kind}, may be absent" if maybe else source.kind
        boxes.append(_Box(LEFT, y, INPUT, name, said, maybe))
        boxes.append(_Box(MIDDLE, y, BRANCH, _branch(source), _size(model, name, recipe)))
        middle = y + HIGH / 2
        flows.append(f"M{LEFT + INPUT} {middle}H{MIDDLE}")
        flows.append(f"M{MIDDLE + BRANCH} {middle}H{SPINE - 8}q8 0 8 8V{_below(recipe) + 12}")
    top = _below(recipe) + 12
    wide = WIDTH - 2 * LEFT
    boxes.append(_Box(LEFT, top, wide, fusion(recipe), _fused(recipe), "fused"))
    bottom = top + HIGH
    for place, (name, task) in enumerate(recipe.outputs.items()):
        y = bottom + 22 + place * (HIGH + GAP)
        boxes.append(_Box(MIDDLE, y, WIDTH - MIDDLE - LEFT, name, _answer(task), "answer"))
        flows.append(f"M{LEFT + 60} {bottom}V{y + HIGH / 2 - 8}q0 8 8 8H{MIDDLE}")
    height = max(box.y for box in boxes) + HIGH + 4
    arrows = "".join(f'<path d="{flow}"/>' for flow in flows)
    drawn = "".join(map(_drawn, boxes))
    return (
        f'<svg class="diagram" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{e(in_words(recipe))}">{arrows}{drawn}</svg>'
    )


def in_words(recipe: Recipe) -> str:
    """The same for who does not see it, and for a card."""
    inputs = "; ".join(
        (name if name == source.kind else f"{name} ({source.kind})")
        + f" by {_branch(source)}"
        + (", may be absent" if name in recipe.optional else "")
        for name, source in recipe.inputs.items()
    )
    outputs = ", ".join(f"{name} ({_answer(task)})" for name, task in recipe.outputs.items())
    return f"{inputs}. Fused by {fusion(recipe)}. Answers {outputs}"


def fusion(recipe: Recipe) -> str:
    """Its name, with what was said of it."""
    if isinstance(recipe.fusion, str):
        return recipe.fusion
    options = ", ".join(f"{n}={of}" for n, of in recipe.fusion.items() if n != "name")
    return f"{recipe.fusion['name']} ({options})" if options else str(recipe.fusion["name"])


def _below(recipe: Recipe) -> float:
    return 4 + len(recipe.inputs) * (HIGH + GAP)


def _branch(source: Any) -> str:
    branch = source.branch
    return branch if isinstance(branch, str) else getattr(branch, "name", "a model of its own")


def _size(model: keras.Model, name: str, recipe: Recipe) -> str:
    """Of the layers that are called like the input, and like no input of a longer name."""
    own = [layer for layer in model.layers if branch_of(layer.name, recipe.inputs) == name]
    count = sum(layer.count_params() for layer in own)
    shape = " × ".join(str(n) for n in model.input[name].shape[1:])
    return f"{shape} → {count:,} weights"


def _fused(recipe: Recipe) -> str:
    hidden = f", then dense {', '.join(map(str, recipe.hidden))}" if recipe.hidden else ""
    return f"{len(recipe.inputs)} vectors of {recipe.width}{hidden}"


def _answer(task: Any) -> str:
    labels = getattr(task.spec, "labels", ())
    unit = getattr(task.spec, "unit", "")
    if labels:
        return f"{task.kind}, {len(labels)} labels"
    return f"{task.kind}, {unit}" if unit else task.kind


def _drawn(box: _Box) -> str:
    middle = box.x + box.width / 2
    letters = int(LETTERS * box.width / BRANCH)
    return (
        f'<rect class="{box.looks}" x="{box.x}" y="{box.y}" width="{box.width}" height="{HIGH}" '
        f'rx="6"/><text x="{middle}" y="{box.y + 19}" text-anchor="middle">'
        f"{e(_cut(box.title, letters))}</text>"
        f'<text class="what" x="{middle}" y="{box.y + 34}" text-anchor="middle">'
        f"{e(_cut(box.what, letters + 8))}</text>"
    )


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
