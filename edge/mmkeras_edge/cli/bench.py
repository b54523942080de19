"""`mmkeras-edge bench`: how long a file takes here."""

from __future__ import annotations

import argparse

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import print_json, print_table
from mmkeras_edge.cli.verbs import OK, Verb, add_file, add_threads


def bench(options: argparse.Namespace) -> int:
    from mmkeras_edge.bench import bench

    with quiet():
        times = bench(options.file, options.runs, options.threads)
    if options.json:
        print_json(times)
        return OK
    print(f"{times['runtime']}, {times['threads']} threads, {times['runs']} runs, milliseconds\n")
    rows = [("stage", "p50", "p95"), ("load file", f"{times['load_ms']:.3f}", "")]
    for name, of in times["stages_ms"].items():
        rows.append((name, f"{of['p50']:.3f}", f"{of['p95']:.3f}"))
    print_table(rows)
    return OK


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=100, help="predictions timed (default: 100)")
    add_threads(parser)
    add_file(parser)


VERB = Verb("measure load time and latency on the file's golden samples", add_options, bench)
