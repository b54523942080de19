"""The site is whole: every name, every page and every message is there, and every link leads on."""

from __future__ import annotations

import ast
import base64
import importlib
import json
import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import FENCE, REPOSITORY

DOCS = REPOSITORY / "docs"
SOURCES = ("mmkeras", "export/mmkeras_export", "edge/mmkeras_edge")
PACKAGES = (  # what they call public is in the reference
    "mmkeras",
    "mmkeras.fusion",
    "mmkeras.explaining",
    "mmkeras.insight",
    "mmkeras.quality",
    "mmkeras.reporting",
    "mmkeras_export",
    "mmkeras_edge",
    "mmkeras_edge.streaming",
)
GENERATED = {  # page of the site -> where its text lies
    "edge.md": "edge/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "reference/commands.md": None,
}
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)\s#]*)(?:#([^)\s]+))?\)")
PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)([^)\s]+)\)")
PLACEHOLDER = re.compile(r"\b(?:NAME|FILE|DIR|WHAT|N)\b|\.\.\.|'")
TELLING = 7  # letters of a message that can hardly stand elsewhere by chance


def referred() -> set[str]:
    text = "".join(path.read_text("utf-8") for path in DOCS.glob("reference/*.md"))
    return set(re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(package):
    module = importlib.import_module(package)
    root = importlib.import_module(package.partition(".")[0])
    public = {
        f"{package}.{name}"
        for name in module.__all__  # what the package has too stands there as its own
        if module is root or getattr(root, name, None) is not getattr(module, name)
    }
    assert sorted(public - referred()) == []


def test_the_reference_names_nothing_that_is_not_there():
    for name in sorted(referred()):
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last), name


def nav() -> list[str]:
    class Loader(yaml.SafeLoader):
        """Names of Python's are not resolved."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda *_: None)
    found: list[str] = []

    def walk(item) -> None:
        if isinstance(item, str):
            found.append(item)
        else:
            for inner in item.values() if isinstance(item, dict) else item:
                walk(inner)

    walk(yaml.load((REPOSITORY / "mkdocs.yml").read_text("utf-8"), Loader)["nav"])
    return found


def test_every_page_is_in_the_menu_once():
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} | {*GENERATED}
    assert sorted(nav()) == sorted(there)


def written() -> list[Path]:
    other = [REPOSITORY / path for path in GENERATED.values() if path]
    return [REPOSITORY / "README.md", *other, *sorted(DOCS.rglob("*.md"))]


@cache
def anchors_of(path: Path) -> set[str]:
    """Of headings, as GitHub and the site make them: letters, digits, hyphens."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")), re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings]
    return {re.sub(r"[\s]", "-", heading) for heading in plain}


def target_of(page: Path, link: str) -> Path:
    """The file that a link of a page means; some pages of the site lie elsewhere."""
    if not link:
        return page
    path = (page.parent / link).resolve()
    inside = str(path.relative_to(REPOSITORY)).removeprefix("docs/")
    if page.is_relative_to(DOCS) and inside in GENERATED:
        return REPOSITORY / (GENERATED[inside] or "mmkeras/cli/__init__.py")
    return path


@pytest.mark.parametrize("page", written(), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for link, anchor in LINK.findall(text):
        path = target_of(page, link)
        assert path.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors_of(path), f"{page.name}: {link}#{anchor}"
    for picture in PICTURE.findall(text):
        assert (page.parent / picture).is_file(), f"{page.name}: {picture}"


@cache
def said() -> str:
    """Every string of the sources, with a mark where something is put in."""
    found = []
    for source in SOURCES:
        for path in (REPOSITORY / source).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (getattr(part, "value", "") for part in node.values)
                    found.append("".join(p if isinstance(p, str) else "\0" for p in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
    return "\n".join(found).replace("'", "")


def messages() -> list[str]:
    text = (DOCS / "troubleshooting.md").read_text("utf-8")
    return re.findall(r"^### `(.+)`$", text, re.MULTILINE)


@pytest.mark.parametrize("message", messages())
def test_a_message_is_one_that_the_code_says(message):
    parts = [part.strip(" :;,()") for part in PLACEHOLDER.split(message)]
    telling = [part for part in parts if len(part) >= TELLING]
    assert telling, message
    assert [part for part in telling if part not in said()] == []


def test_a_notebook_becomes_a_page_with_its_outputs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "hooks")
    from notebook_pages import page_of

    picture = base64.b64encode(b"\x89PNG").decode()
    cells = [
        {"cell_type": "markdown", "source": ["# Two\n", "\n", "See [one](01_one.ipynb)."]},
        {
            "cell_type": "code",
            "source": "print(1)",
            "outputs": [
                {
                    "output_type": "stream",
                    "name": "stdout",
                    "text": ["10%\r100%\n", "\x1b[1m1\x1b[0m\n"],
                },
                {"output_type": "display_data", "data": {"image/png": picture, "text/plain": "F"}},
            ],
        },
    ]
    path = tmp_path / "02_two.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    page = page_of(path)
    assert page.text.startswith("# Two\n\n[:material-download:")
    assert "See [one](01_one.md)." in page.text
    assert "```python\nprint(1)\n```" in page.text
    assert "``` { .text .output }\n100%\n1\n```" in page.text
    assert "![What the cell above shows](02_two-0.png)" in page.text
    assert page.pictures["02_two-0.png"] == b"\x89PNG"
    assert sys.modules.pop("notebook_pages")


def test_a_notebook_that_was_stored_with_an_error_is_refused(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "hooks")
    from notebook_pages import page_of

    output = {"output_type": "error", "ename": "E", "evalue": "no data", "traceback": []}
    cell = {"cell_type": "code", "source": "x", "outputs": [output]}
    path = tmp_path / "03_three.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ValueError, match=r"03_three.ipynb was stored with an error: no data"):
        page_of(path)
    assert sys.modules.pop("notebook_pages")
