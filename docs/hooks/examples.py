"""Examples in docstrings as code: Markdown would take `>>>` for a quotation of a quotation."""

from __future__ import annotations

from typing import Any

import griffe


class Examples(griffe.Extension):
    """Puts runs of lines from `>>>` to the next empty line between fences."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring and ">>> " in obj.docstring.value:
            obj.docstring.value = fenced(obj.docstring.value)


def fenced(text: str) -> str:
    """
    >>> fenced("Doubles.\\n\\n>>> 2 * 2\\n4")
    'Doubles.\\n\\n```pycon\\n>>> 2 * 2\\n4\\n```'
    """
    done: list[str] = []
    inside = False
    for line in text.splitlines():
        if not inside and line.lstrip().startswith(">>> "):
            done.append("```pycon")
            inside = True
        elif inside and not line.strip():
            done.append("```")
            inside = False
        done.append(line.strip() if inside else line)
    return "\n".join([*done, "```"] if inside else done)
