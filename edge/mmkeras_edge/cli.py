"""`mmkeras-edge`: the verbs of the device. Standard library only until a verb runs.

Exit codes: 0 well, 1 a check failed (verify), 2 wrong usage or bad input.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from mmkeras_edge.chatter import quiet

if TYPE_CHECKING:
    from mmkeras_edge.card import Card
    from mmkeras_edge.specs import InputSpec

TOP = 3  # labels shown an output
WIDTH = 200  # characters of a cell that are shown


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit code."""
    try:
        options = _parser().parse_args(argv)
        code = VERBS[options.verb](options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError, ImportError) as error:
        print("mmkeras-edge: error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


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
        return _print_json({"file": file.path, "absent": absent, "outputs": every})
    _print_table([(name, _told(sources.get(name, "absent"))) for name in card.inputs])
    print()
    _print_table(
        ("" if i else name, *cells)
        for name, reading in answer.items()
        for i, cells in enumerate(reading.rows(TOP))
    )
    return 0


def verify(options: argparse.Namespace) -> int:
    from mmkeras_edge.verify import verify

    with quiet():
        report = verify(options.file)
    if options.json:
        stages = [
            {
                "sample": stage.sample,
                "stage": stage.name,
                "difference": stage.difference if stage.difference < float("inf") else None,
                "tolerance": stage.tolerance,
                "passed": stage.passed,
                "error": stage.error,
            }
            for stage in report.stages
        ]
        verdict = {"passed": bool(report), "verdict": report.verdict}
        _print_json({"file": options.file, **verdict, "stages": stages})
    else:
        _print_table(
            [("sample", "stage", "difference", "allowed", "")]
            + [
                (str(s.sample), s.name, f"{s.difference:.3g}", f"{s.tolerance:.3g}", OK[s.passed])
                for s in report.stages
            ]
        )
        print(f"\n{_safe(report.verdict)}")
    return 0 if report else 1


def info(options: argparse.Namespace) -> int:
    from mmkeras_edge.runner import load

    with quiet():
        model = load(options.file)
    facts = model.info()
    if options.json:
        return _print_json(facts)
    card = model.file.card
    rows = [
        ("file", f"{facts['file']}, {facts['bytes']:,} bytes, of them {card.model_bytes:,} model"),
        ("precision", card.precision),
        ("runtime", f"{facts['runtime']}, {facts['threads']} threads"),
    ]
    for name, spec in card.inputs.items():
        rows.append((f"input {name}", _describe(spec, name in card.optional)))
    for name, output in card.outputs.items():
        rows.append((f"output {name}", f"{output.kind}, {output.about}"))
    rows += _flat("metric", card.metrics) + _flat("version", card.versions)
    _print_table(rows + [("note", note) for note in card.notes])
    return 0


def _describe(spec: InputSpec, optional: bool) -> str:
    shape = " x ".join(str(size) for size in spec.shape)
    rate_hz = getattr(spec, "rate_hz", None)
    rate = f" at {rate_hz:,g} Hz" if rate_hz else ""
    named = [*getattr(spec, "names", ()), *getattr(spec, "fields", ())]
    fields = f": {', '.join(named)}" if named else ""
    absent = ", may be absent" if optional else ""
    return f"{spec.kind}, {spec.dtype}, {shape}{rate}{fields}{absent}"


def _told(source: str | list[str]) -> str:
    return source if isinstance(source, str) else ", ".join(source)


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [row for key in value for row in _flat(f"{name} {key}", value[key])]
    return [(name, f"{value:.4g}" if isinstance(value, float) else str(value))]


def bench(options: argparse.Namespace) -> int:
    from mmkeras_edge.bench import bench

    with quiet():
        times = bench(options.file, options.runs, options.threads)
    if options.json:
        return _print_json(times)
    print(f"{times['runtime']}, {times['threads']} threads, {times['runs']} runs, milliseconds\n")
    rows = [("stage", "p50", "p95"), ("load file", f"{times['load_ms']:.3f}", "")]
    for name, of in times["stages_ms"].items():
        rows.append((name, f"{of['p50']:.3f}", f"{of['p95']:.3f}"))
    _print_table(rows)
    return 0


VERBS = {"run": run, "verify": verify, "info": info, "bench": bench}
OK = {True: "ok", False: "DIFFERS"}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="mmkeras-edge",
        description="Runs and checks models exported by mmkeras, without Keras.",
        epilog="Exit codes: 0 well, 1 a check failed, 2 wrong usage or bad input.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        verb.add_argument("--json", action="store_true", help="print JSON")
        return verb

    one = add("run", "answer one sample: run FILE --image cat.jpg --text 'a cat' --audio cat.wav")
    _add_threads(one)
    one.add_argument("file", metavar="FILE")
    one.add_argument(
        "inputs",
        nargs=argparse.REMAINDER,
        metavar="--NAME VALUE",
        help="the file's own inputs: a path, several of views, a text, a table's fields as JSON; "
        "what is left out is absent "
        "(`run FILE --help` lists them)",
    )
    add("verify", "replay the file's golden samples").add_argument("file", metavar="FILE")
    add("info", "show what the file says of itself").add_argument("file", metavar="FILE")
    timed = add("bench", "measure load time and latency on the file's golden samples")
    timed.add_argument("--runs", type=int, default=100, help="predictions timed (default: 100)")
    _add_threads(timed)
    timed.add_argument("file", metavar="FILE")
    return parser


def _add_threads(parser: argparse.ArgumentParser, default: int | None = None) -> None:
    help = "default: the machine's cores, at most 4"
    parser.add_argument("--threads", type=int, default=default, metavar="N", help=help)


VALUES = {"text": "TEXT", "table": "JSON"}  # what is given for an input, where that is no file


def _sources(card: Card, options: argparse.Namespace) -> dict[str, Any]:
    """What follows FILE, read with the file's own names as options; sets json and threads too."""
    from mmkeras_edge.inputs import pick

    parser = _Parser(
        prog=f"mmkeras-edge run {options.file}", allow_abbrev=False, conflict_handler="resolve"
    )
    parser.add_argument("--json", action="store_true", default=options.json, help="print JSON")
    _add_threads(parser, default=options.threads)
    for name, spec in card.inputs.items():
        views = getattr(spec, "views", 1)
        parser.add_argument(
            f"--{name}",
            dest=f"input {name}",
            nargs=views if views > 1 else None,
            metavar=VALUES.get(spec.kind, "FILE"),
            help=_describe(spec, name in card.optional).replace("%", "%%"),
        )
    given, rest = parser.parse_known_args(options.inputs)
    for word in rest:
        if word.startswith("--"):
            pick(card.inputs, word[2:].partition("=")[0], "input")
        raise ValueError(f"unexpected {word!r}; inputs are given as --NAME VALUE")
    options.json, options.threads = given.json, given.threads
    values = {name: getattr(given, f"input {name}") for name in card.inputs}
    return {name: value for name, value in values.items() if value is not None}


def _print_json(value: Any) -> int:
    print(json.dumps(value, indent=1, ensure_ascii=False))
    return 0


def _print_table(rows: Iterable[Sequence[str]]) -> None:
    safe = [[_safe(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*safe, strict=True)]
    for row in safe:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _safe(text: str) -> str:
    """A file from a stranger may not move the terminal's cursor."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 3]}..."


if __name__ == "__main__":
    sys.exit(main())
