"""The options of verbs that read live sources: `--image camera --audio mic --text -`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmkeras_edge.cli.printing import described, safe
from mmkeras_edge.cli.verbs import Parser, add_threads

if TYPE_CHECKING:
    from mmkeras_edge.card import Card


def add_stream_options(parser: argparse.ArgumentParser) -> None:
    add_threads(parser)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "inputs",
        nargs=argparse.REMAINDER,
        metavar="--NAME SOURCE",
        help="where each input comes from: camera, mic, a file, - for standard input; what is "
        "left out is absent (after FILE, --help lists them, and --smooth, --alarm, ...)",
    )


def parsed(card: Card, verb: str, options: argparse.Namespace, more: Any) -> argparse.Namespace:
    """What follows FILE, with the file's own inputs as options; `more(parser)` adds a verb's."""
    from mmkeras_edge.inputs import pick
    from mmkeras_edge.streaming.naming import WAYS

    prog = f"mmkeras-edge {verb} {options.file}"
    parser = Parser(prog=prog, allow_abbrev=False, conflict_handler="resolve")
    parser.add_argument("--json", action="store_true", default=options.json, help="JSON Lines")
    add_threads(parser, default=options.threads)
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), metavar="N", help="stop after so many"
    )
    parser.add_argument("--fast", action="store_true", help="files as fast as they can be answered")
    parser.add_argument("--loop", action="store_true", help="files again and again")
    more(parser)
    for name, spec in card.inputs.items():
        about = f"{WAYS[spec.kind]}; {described(spec, name in card.optional)}"
        about = about.replace("%", "%%")
        parser.add_argument(f"--{name}", dest=f"input {name}", metavar="SOURCE", help=about)
    given, rest = parser.parse_known_args(options.inputs)
    for word in rest:
        if word.startswith("--"):
            pick(card.inputs, word[2:].partition("=")[0], "input")
        raise ValueError(f"unexpected {word!r}; sources are given as --NAME SOURCE")
    return given


def sources_of(card: Card, given: argparse.Namespace) -> dict[str, Any]:
    """The sources that were named, by input."""
    from mmkeras_edge.streaming.naming import named_source

    named = {name: getattr(given, f"input {name}") for name in card.inputs}
    return {
        name: named_source(text, card.inputs[name], given.fast, given.loop)
        for name, text in named.items()
        if text is not None
    }


@contextmanager
def said(messages: list[str] | None) -> Iterator[None]:
    """What the stream logs, a line each, to standard error, or into a list for a screen."""
    import logging
    import sys

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            line = safe(record.getMessage())
            if messages is None:
                over = "\r\x1b[K" if sys.stderr.isatty() else ""  # what progress left there
                print(f"{over}{line}", file=sys.stderr)
            else:
                messages.append(line)

    log, handler = logging.getLogger("mmkeras_edge.stream"), Handler()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
