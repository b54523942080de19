"""The page of the commands: what `--help` says, verb by verb."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from unittest import mock

WIDTH = 84  # characters, as many as a page shows


def page() -> str:
    """Markdown. Imports the commands, which import nothing heavy before a verb runs."""
    parts = [
        "# Commands",
        "`mmkeras` trains and ships, `mmkeras-edge` runs on a device. Every verb takes `--json`. "
        "Exit codes: 0 well, 1 a check failed, 2 wrong usage or bad input, 130 stopped by Ctrl-C. "
        "`mmkeras --debug VERB ...` shows where in the code an error arose.",
    ]
    for name, text in (*_trainer(), *_device()):
        parts.append(f"{'##' if ' ' not in name else '###'} {name}\n\n```text\n{text.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _trainer() -> Iterator[tuple[str, str]]:
    import typer

    from mmkeras.cli import app

    group = typer.main.get_command(app)
    root = group.make_context("mmkeras", ["-"], resilient_parsing=True, max_content_width=WIDTH)
    root.terminal_width = WIDTH
    yield "mmkeras", group.get_help(root)
    for name, verb in group.commands.items():
        context = type(root)(verb, info_name=name, parent=root, terminal_width=WIDTH)
        yield f"mmkeras {name}", verb.get_help(context)


def _device() -> Iterator[tuple[str, str]]:
    from mmkeras_edge.cli import VERBS

    yield "mmkeras-edge", _help()
    for name in VERBS:
        yield f"mmkeras-edge {name}", _help(name)


def _help(*verb: str) -> str:
    from mmkeras_edge.cli import main

    out = io.StringIO()
    room = mock.patch.dict(os.environ, COLUMNS=str(WIDTH + 2))
    with room, redirect_stdout(out), suppress(SystemExit):  # argparse ends so
        main([*verb, "--help"])
    return out.getvalue()
