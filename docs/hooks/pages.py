"""Pages that are no files of docs/: notebooks, the commands' help, texts that lie elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from help_page import page as commands_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from notebook_pages import page_of

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("", "export", "edge")  # where the packages are, installed or not
ELSEWHERE = {  # page -> where its text lies
    "edge.md": "edge/README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
}


def on_startup(**_: Any) -> None:
    sys.path[:0] = [str(ROOT / source) for source in SOURCES]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The tutorial is its first page and the notebooks, in the order of their numbers."""
    for section in config.nav or ():
        if "Tutorial" in section:
            section["Tutorial"] += [f"tutorial/{path.stem}.md" for path in notebooks()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for page, path in ELSEWHERE.items():
        files.append(_generated(config, page, (ROOT / path).read_text("utf-8")))
    files.append(_generated(config, "reference/commands.md", commands_page()))
    for path in notebooks():
        page = page_of(path)
        files.append(_generated(config, f"tutorial/{path.stem}.md", page.text))
        files.append(_generated(config, f"tutorial/{path.name}", path.read_bytes()))
        for name, content in page.pictures.items():
            files.append(_generated(config, f"tutorial/{name}", content))
    return files


def notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def _generated(config: MkDocsConfig, uri: str, content: str | bytes) -> File:
    return File.generated(config, uri, content=content)
