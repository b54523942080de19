"""`mmkeras-edge bench`: how long a file takes here."""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import Any, TextIO

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import print_json, print_table
from mmkeras_edge.cli.verbs import OK, Verb, add_delegate, add_file, add_threads


def bench(options: argparse.Namespace) -> int:
    from mmkeras_edge.bench import bench
    from mmkeras_edge.bench_files import append_row, board_row, picture
    from mmkeras_edge.writing import folder_of, write_whole

    for path in (options.csv, options.picture):
        if path:
            folder_of(path)  # not after ten minutes
    with os.fdopen(os.dup(2), "w") as terminal, quiet():  # progress goes past what is held back
        say = partial(_show, terminal) if terminal.isatty() else _ignore
        measured = bench(
            options.file, options.runs, options.threads, options.delegate, options.minutes, say
        )
        say("")
    if options.json:  # before a table that is another one can lose it
        print_json(measured)
    else:
        _print(measured)
    if options.picture:
        write_whole(options.picture, picture(measured))
    if options.csv:
        append_row(options.csv, board_row(measured))
    return OK


def _show(terminal: TextIO, what: str) -> None:
    print(f"\r{what}\x1b[K", end="", file=terminal, flush=True)


def _ignore(what: str) -> None:
    pass


def _print(measured: dict[str, Any]) -> None:
    from mmkeras_edge.bench import slower_by

    board, after, windows = measured["board"], measured["after"], measured["sustained"]
    print(
        f"{measured['runtime']}, {measured['threads']} threads, {measured['runs']} runs, "
        f"milliseconds; {board['model'] or board['machine']}\n"
    )
    rows = [("stage", "p50", "p95", "p99"), ("load file", f"{measured['load_ms']:.3f}", "", "")]
    for name, of in measured["stages_ms"].items():
        rows.append((name, *(f"{of[p]:.3f}" for p in ("p50", "p95", "p99"))))
    print_table(rows)
    print(f"\npeak memory {measured['peak_mb']:.1f} MB")
    if after["temperature_c"] is not None:
        print(f"{after['temperature_c']:.1f} °C at the end")
    if after["throttled_before"] is not None:
        print(f"held back since boot: {', '.join(after['throttled_before']) or 'no'}")
    if len(windows) > 1:
        minutes = windows[-1]["second"] / 60
        print(f"after {minutes:.3g} minutes {slower_by(windows):+.1%} time a prediction")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=100, help="predictions timed (default: 100)")
    parser.add_argument(
        "--minutes", type=float, default=0.0, metavar="N", help="predict so long without a pause"
    )
    add_threads(parser)
    add_delegate(parser)
    parser.add_argument("--csv", metavar="TABLE", help="add a row to this table of boards")
    parser.add_argument("--picture", metavar="SVG", help="draw the stages, and their course")
    add_file(parser)


VERB = Verb(
    "measure load time, latency by stage, memory and heat, on golden samples", add_options, bench
)
