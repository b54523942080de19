"""`mmkeras-edge run`: what the file answers to a sample."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import described, print_json, print_table
from mmkeras_edge.cli.verbs import OK, Parser, Verb, add_threads

if TYPE_CHECKING:
    from mmkeras_edge.card import Card

TOP = 3  # labels shown an output
VALUES = {"text": "TEXT", "table": "JSON"}  # what is given for an input, where that is no file


def run(options: argparse.Namespace) -> int:
    from mmkeras_edge.file import open_file
    from mmkeras_edge.graph import Graph
    from mmkeras_edge.runner import Model

    file = open_file(options.file)
    card = file.card
    sources = _sources(card, options)
    with quiet():
        model = Model(file, Graph(file.path, options.threads))
    answer = model.predict(**sources)
    if options.json:
        every = {name: reading.to_dict() for name, reading in answer.items()}
        absent = [name for name in card.inputs if name not in sources]
        print_json({"file": file.path, "absent": absent, "outputs": every})
        return OK
    print_table([(name, _told(sources.get(name, "absent"))) for name in card.inputs])
    print()
    print_table(
        ("" if i else name, *cells)
        for name, reading in answer.items()
        for i, cells in enumerate(reading.rows(TOP))
    )
    return OK


def _told(source: str | list[str]) -> str:
    return source if isinstance(source, str) else ", ".join(source)


def _sources(card: Card, options: argparse.Namespace) -> dict[str, Any]:
    """What follows FILE, read with the file's own names as options; sets json and threads too."""
    from mmkeras_edge.inputs import pick

    parser = Parser(
        prog=f"mmkeras-edge run {options.file}", allow_abbrev=False, conflict_handler="resolve"
    )
    parser.add_argument("--json", action="store_true", default=options.json, help="print JSON")
    add_threads(parser, default=options.threads)
    for name, spec in card.inputs.items():
        views = getattr(spec, "views", 1)
        parser.add_argument(
            f"--{name}",
            dest=f"input {name}",
            nargs=views if views > 1 else None,
            metavar=VALUES.get(spec.kind, "FILE"),
            help=described(spec, name in card.optional).replace("%", "%%"),
        )
    given, rest = parser.parse_known_args(options.inputs)
    for word in rest:
        if word.startswith("--"):
            pick(card.inputs, word[2:].partition("=")[0], "input")
        raise ValueError(f"unexpected {word!r}; inputs are given as --NAME VALUE")
    options.json, options.threads = given.json, given.threads
    values = {name: getattr(given, f"input {name}") for name in card.inputs}
    return {name: value for name, value in values.items() if value is not None}


def add_options(parser: argparse.ArgumentParser) -> None:
    add_threads(parser)
    parser.add_argument("file", metavar="FILE")
    parser.add_argument(
        "inputs",
        nargs=argparse.REMAINDER,
        metavar="--NAME VALUE",
        help="the file's own inputs: a path, several of views, a text, a table's fields as JSON; "
        "what is left out is absent "
        "(`run FILE --help` lists them)",
    )


VERB = Verb(
    "answer one sample: run FILE --image cat.jpg --text 'a cat' --audio cat.wav", add_options, run
)
