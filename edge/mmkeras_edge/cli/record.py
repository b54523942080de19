"""`mmkeras-edge record`: what the sources see, as a manifest that `mmkeras` trains on."""

from __future__ import annotations

import argparse
import sys
import time

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import print_json
from mmkeras_edge.cli.sources import add_stream_options, parsed, said, sources_of
from mmkeras_edge.cli.verbs import OK, Verb

SAY_S = 1.0  # between two lines of progress


def record(options: argparse.Namespace) -> int:
    from mmkeras_edge.file import open_file
    from mmkeras_edge.streaming.recorder import MANIFEST, Recorder
    from mmkeras_edge.streaming.stream import stream

    card = open_file(options.file).card
    given = parsed(card, "record", options, _add_more)
    if given.to is None:
        raise ValueError(f"where to? record {options.file} --to FOLDER --NAME SOURCE ...")
    if given.rows is not None and given.rows < 1:
        raise ValueError(f"--rows: wanted at least one row, received {given.rows}")
    with said(None):
        sources = sources_of(card, given)
        with quiet():
            live = stream(options.file, sources, for_s=given.seconds, threads=given.threads)
        with live, Recorder(given.to, card, given.every, given.limit_mb) as recorder:
            begun, said_s = recorder.rows, time.monotonic()
            try:
                for moment in live:
                    recorder.add(moment)
                    if recorder.full or recorder.rows - begun == given.rows:
                        break
                    if sys.stderr.isatty() and time.monotonic() - said_s > SAY_S:
                        said_s = time.monotonic()
                        print(f"\r{recorder.rows - begun} rows\x1b[K", end="", file=sys.stderr)
            except KeyboardInterrupt:  # the usual end of a recording
                print(file=sys.stderr)
            rows, path = recorder.rows - begun, recorder.folder / MANIFEST
    if given.json:
        print_json({"manifest": str(path), "rows": rows, "all_rows": recorder.rows})
        return OK
    print(f"{rows} rows more in {path}, {recorder.rows} in all")
    return OK


def _add_more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--to", metavar="FOLDER", help="where manifest.csv and its files go")
    parser.add_argument(
        "--every", type=float, default=1.0, metavar="S", help="seconds between rows (default: 1)"
    )
    parser.add_argument("--rows", type=int, metavar="N", help="stop after so many")
    parser.add_argument(
        "--limit-mb", type=float, default=1_000, metavar="MB",
        help="stop once the folder holds so much (default: 1000)",
    )  # fmt: skip


VERB = Verb(
    "keep what sources see as a manifest: record FILE --to seen --image camera --audio mic",
    add_stream_options,
    record,
)
