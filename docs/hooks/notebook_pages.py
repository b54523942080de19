"""A notebook as a page: its prose, its calls, and the outputs that are stored in it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PICTURES = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}


@dataclass
class Page:
    """Markdown, and the pictures that it shows: file name -> content."""

    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)


def page_of(path: Path) -> Page:
    """The page of a notebook. ValueError where an output is an error: it was stored unfinished."""
    page = Page("")
    parts = [f"[:material-download: This page as a notebook]({path.name}){{ .notebook }}"]
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        source = _text(cell["source"]).strip("\n")
        if cell["cell_type"] == "markdown":
            parts.append(_links(source))
        elif cell["cell_type"] == "code" and source:
            parts.append(f"```python\n{source}\n```")
            parts += [_output(output, path, page) for output in cell.get("outputs", ())]
    heading = next((i for i, part in enumerate(parts) if part.startswith("# ")), None)
    if heading is not None:  # the title first, then the link to the notebook
        title, _, rest = parts.pop(heading).partition("\n")
        parts[0:0] = [title]
        parts.insert(2, rest)
    page.text = "\n\n".join(part for part in parts if part.strip()) + "\n"
    return page


def _output(output: dict[str, Any], path: Path, page: Page) -> str:
    kind = output["output_type"]
    if kind == "error":
        raise ValueError(f"{path.name} was stored with an error: {output['evalue']}; run it again")
    if kind == "stream":
        return _said(_text(output["text"]))
    data = output["data"]
    for media, ending in PICTURES.items():
        if media in data:
            name = f"{path.stem}-{len(page.pictures)}.{ending}"
            content = _text(data[media])
            raw = content.encode() if ending == "svg" else base64.b64decode(content)
            page.pictures[name] = raw
            return f"![What the cell above shows]({name})"
    html = _text(data.get("text/html", ""))
    if html and not html.lstrip().startswith("<pre"):  # those have colours for a light page alone
        return f'<div class="output">{_plain_table(html)}</div>'
    return _said(_text(data.get("text/plain", "")))


def _plain_table(html: str) -> str:
    """A table without the looks that pandas gives it: the page has its own."""
    html = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    return re.sub(r'<table border="1" class="dataframe">', "<table>", html)


def _said(text: str) -> str:
    """What was printed, as it stood on the screen: of a line that was written over, the last."""
    lines = [
        line.rpartition("\r")[2] for line in ANSI.sub("", text).replace("\r\n", "\n").split("\n")
    ]
    body = "\n".join(lines).strip("\n")
    return f"``` {{ .text .output }}\n{body}\n```" if body else ""


def _links(markdown: str) -> str:
    """Links as they are in notebooks/ to links as they are in tutorial/ of the site."""
    markdown = re.sub(r"\]\(\.\./docs/", "](../", markdown)
    markdown = re.sub(r"\]\(\.\./edge/README\.md", "](../edge.md", markdown)
    return re.sub(r"\]\(([\w-]+)\.ipynb", r"](\1.md", markdown)


def _text(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)
