"""Paragraphs, lists and tables that become Markdown and HTML alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmkeras.pages import tables
from mmkeras.pages.document import e


@dataclass(frozen=True)
class Facts:
    """Lines of a name and what is said of it."""

    of: Mapping[str, str]


@dataclass(frozen=True)
class Figures:
    """A table; the first column names the rows."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Unsaid:
    """What a person alone can say and nobody has, by word: how to."""

    of: Mapping[str, str]


Block = str | tuple[str, ...] | Facts | Figures | Unsaid  # a tuple is a list of sentences
Sections = Mapping[str, Sequence[Block]]


def markdown(title: str, sections: Sections) -> str:
    """A file that needs nothing beside it."""
    parts = [f"# Model card: {_m(title)}"]
    for heading, blocks in sections.items():
        parts += [f"## {heading}", *map(_markdown, blocks)]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, str):
        return _m(block)
    if isinstance(block, tuple):
        return "\n".join(f"- {_m(each)}" for each in block)
    if isinstance(block, Facts):
        return "\n".join(f"- **{_m(name)}**: {_m(of)}" for name, of in block.of.items())
    if isinstance(block, Unsaid):
        words = "; ".join(f"{_m(what)} (`--say {word}=...`)" for word, what in block.of.items())
        return f"*Not said: {words}.*"
    head = "| " + " | ".join(map(_m, block.head)) + " |"
    rule = "|" + "|".join(["---"] + ["---:"] * (len(block.head) - 1)) + "|"
    rows = ["| " + " | ".join(map(_m, row)) + " |" for row in block.rows]
    return "\n".join([f"{_m(block.caption)}:", "", head, rule, *rows])


def _m(text: Any) -> str:
    """Words are no markup: a label may hold a star, a bar or a line break."""
    for sign in ("\\", "|", "*", "_", "<", "`"):
        text = str(text).replace(sign, f"\\{sign}")
    return " ".join(text.split())


def html(sections: Sections) -> str:
    """The same below headings of the third level."""
    parts = []
    for heading, blocks in sections.items():
        parts.append(f"<h3>{e(heading)}</h3>{''.join(map(_html, blocks))}")
    return "".join(parts)


def _html(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{e(block)}</p>"
    if isinstance(block, tuple):
        return f"<ul>{''.join(f'<li>{e(each)}</li>' for each in block)}</ul>"
    if isinstance(block, Facts):
        lines = "".join(f"<dt>{e(name)}</dt><dd>{e(of)}</dd>" for name, of in block.of.items())
        return f"<dl>{lines}</dl>"
    if isinstance(block, Unsaid):
        words = "; ".join(f"{e(what)} (<code>--say {w}=...</code>)" for w, what in block.of.items())
        return f"<p class='quiet'>Not said: {words}.</p>"
    return tables.table(block.caption, block.head, [list(row) for row in block.rows])
