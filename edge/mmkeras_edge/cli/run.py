"""`mmkeras-edge run`: what the file answers to a sample, or to every row of a manifest."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import described, print_json, print_table
from mmkeras_edge.cli.verbs import FAILED, OK, Parser, Verb, add_threads

if TYPE_CHECKING:
    from mmkeras_edge.answering import Tally
    from mmkeras_edge.card import Card
    from mmkeras_edge.rows import Columns
    from mmkeras_edge.runner import Model

TOP = 3  # labels shown an output
VALUES = {"text": "TEXT", "table": "JSON"}  # what is given for an input, where that is no file
PROGRESS_S = 0.5


def run(options: argparse.Namespace) -> int:
    from mmkeras_edge.file import open_file
    from mmkeras_edge.runner import model_of

    file = open_file(options.file)
    given = _given(file.card, options)
    with quiet():
        model = model_of(file, given.threads)
    sources = {name: getattr(given, f"input {name}") for name in file.card.inputs}
    sources = {name: source for name, source in sources.items() if source is not None}
    if given.manifest is None and not (given.out or given.column):
        return _one(model, sources, given.json)
    if given.manifest is None or sources:
        raise ValueError("--out and --column go with --manifest, which takes no single inputs")
    columns = dict(map(_column, given.column))
    if given.out is None:
        return _print_rows(model, given.manifest, columns)
    return _write_rows(model, given.manifest, given.out, columns, given.json)


def _one(model: Model, sources: dict[str, Any], as_json: bool) -> int:
    from mmkeras_edge.answering import plain

    answer = model.predict(**sources)
    card = model.file.card
    if as_json:
        absent = [name for name in card.inputs if name not in sources]
        print_json({"file": model.file.path, **plain(answer, absent)})
        return OK
    print_table([(name, _told(sources.get(name, "absent"))) for name in card.inputs])
    print()
    print_table(
        ("" if i else name, *cells)
        for name, reading in answer.items()
        for i, cells in enumerate(reading.rows(TOP))
    )
    return OK


def _print_rows(model: Model, manifest: str, columns: Columns) -> int:
    from mmkeras_edge.answering import answer_rows, json_line
    from mmkeras_edge.rows import read_rows

    code = OK
    for answer in answer_rows(model, read_rows(manifest, model.file.card, columns)):
        sys.stdout.write(json_line(answer).decode())
        sys.stdout.flush()
        code = FAILED if "error" in answer else code
    return code


def _write_rows(model: Model, manifest: str, out: str, columns: Columns, as_json: bool) -> int:
    from mmkeras_edge.answering import answer_manifest

    start = shown = time.monotonic()
    for tally in answer_manifest(model, manifest, out, columns):
        now = time.monotonic()
        if sys.stderr.isatty() and now - shown > PROGRESS_S:
            print(f"\r{_progress(tally, now - start)}\x1b[K", end="", file=sys.stderr, flush=True)
            shown = now
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if as_json:
        print_json({"file": model.file.path, "out": out, **tally._asdict()})
    else:
        print(f"{_progress(tally, time.monotonic() - start)}: {out}")
    return FAILED if tally.bad else OK


def _progress(tally: Tally, seconds: float) -> str:
    rate = (tally.rows - tally.before) / max(seconds, 1e-9)
    before = f", {tally.before:,} of them answered before" if tally.before else ""
    return f"{tally.rows:,} rows{before}, {tally.bad:,} bad, {rate:,.0f} a second"


def _told(source: str | list[str]) -> str:
    return source if isinstance(source, str) else ", ".join(source)


def _column(word: str) -> tuple[str, tuple[str, ...]]:
    name, equals, columns = word.partition("=")
    if not equals or not columns:
        raise ValueError(f"--column wants INPUT=COLUMN, received {word!r}")
    return name, tuple(columns.split(","))


def _given(card: Card, options: argparse.Namespace) -> argparse.Namespace:
    """What follows FILE, read with the file's own names as options."""
    from mmkeras_edge.inputs import pick

    parser = Parser(
        prog=f"mmkeras-edge run {options.file}", allow_abbrev=False, conflict_handler="resolve"
    )
    parser.add_argument("--json", action="store_true", default=options.json, help="print JSON")
    _add_common(parser, options)
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
    return given


def _add_common(parser: argparse.ArgumentParser, before: argparse.Namespace | None = None) -> None:
    """What may stand before FILE or after it."""
    add_threads(parser, getattr(before, "threads", None))
    parser.add_argument(
        "--manifest",
        metavar="ROWS",
        default=getattr(before, "manifest", None),
        help="answer every row of a .csv, .tsv or .jsonl, in JSON Lines; bad rows have an error",
    )
    parser.add_argument(
        "--out",
        metavar="ANSWERS",
        default=getattr(before, "out", None),
        help="write them to this file, which goes on where it was stopped",
    )
    parser.add_argument(
        "--column",
        metavar="INPUT=COLUMN",
        action="append",
        default=getattr(before, "column", []),
        help="a column that is not called like its input; of views: INPUT=COLUMN,COLUMN",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    _add_common(parser)
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
    "answer one sample, `run FILE --image cat.jpg --text 'a cat'`, or every row of a manifest",
    add_options,
    run,
)
