"""`mmkeras-edge stubs`: source text that names what a file takes and says."""

from __future__ import annotations

import argparse

from mmkeras_edge.chatter import quiet
from mmkeras_edge.cli.printing import print_json
from mmkeras_edge.cli.verbs import OK, Verb, add_file


def stubs(options: argparse.Namespace) -> int:
    from mmkeras_edge.runner import load
    from mmkeras_edge.stubs import stubs
    from mmkeras_edge.writing import write_whole

    with quiet():
        model = load(options.file)
    text = stubs(model, options.lang)
    if options.out:
        write_whole(options.out, text)
    if options.json:
        print_json({"file": options.file, "lang": options.lang, "out": options.out, "text": text})
    elif not options.out:
        print(text, end="")
    return OK


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lang", default="python", metavar="LANGUAGE", help="python (default), kotlin or swift"
    )
    parser.add_argument("--out", metavar="SOURCE", help="write it to this file")
    add_file(parser)


VERB = Verb("write typed source text, in Python, Kotlin or Swift, for a file", add_options, stubs)
