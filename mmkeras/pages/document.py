"""The frame of a page: landmarks, a way past them, and no address outside of it."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path

from mmkeras.pages.style import STYLE

# A reader may have opened it from a mail: nothing is to be loaded, and nothing to run.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def document(title: str, head: str, body: str, sections: Mapping[str, str]) -> str:
    """A whole page of a title in words, and of a head and a body in HTML.

    `sections` are the ids within the body and what the navigation calls them.
    """
    links = "".join(f'<li><a href="#{name}">{e(said)}</a>' for name, said in sections.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<link rel="icon" href="data:,"><title>{e(title)}</title><style>{STYLE}</style></head>'
        '<body><a class="skip" href="#main">Skip to the content</a>'
        f'<header class="page">{head}</header>'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>'
        f'<main id="main" tabindex="-1">{body}</main></body></html>\n'
    )


def section(name: str, title: str, body: str) -> str:
    """One that the navigation and a screen reader find by its title."""
    heading = f'<h2 id="{name}-title">{e(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{heading}{body}</section>'


def tiles(facts: Mapping[str, str]) -> str:
    """Large figures, each with what it is beneath."""
    shown = "".join(f"<div><b>{e(value)}</b>{e(name)}</div>" for name, value in facts.items())
    return f'<div class="tiles">{shown}</div>'


def scrolling(table: str, what: str) -> str:
    """What is wider than a telephone moves by itself, by the keyboard too."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{e(what)}">{table}</div>'


def e(text: object) -> str:
    """Words for HTML, also within quotes."""
    return html.escape(str(text), quote=True)


def write(path: str | os.PathLike[str], text: str) -> Path:
    """Complete or not at all."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
