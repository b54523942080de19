"""What a verb of `mmkeras-edge` is, and how every one of them ends."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple, NoReturn

EXIT_CODES = {  # of every verb; `--help` prints them
    0: "well",
    1: "a check failed, or rows of a manifest did",
    2: "wrong usage or bad input, said in one line",
    130: "stopped by Ctrl-C",
}
OK, FAILED, WRONG, STOPPED = EXIT_CODES


class Verb(NamedTuple):
    """One line of `--help`, what adds the verb's options, and what it does: options to exit code.

    `--json` is there already, for every verb, as `options.json`. `call` prints its answer to
    standard output, and raises ValueError, OSError or ImportError for what the user can mend. A
    file of a verb imports the standard library alone; the rest waits until `call`.
    """

    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]
    call: Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """argparse, with wrong usage as a ValueError."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .tflite file written by mmkeras")


def add_threads(parser: argparse.ArgumentParser, default: int | None = None) -> None:
    help = "default: the machine's cores, at most 4"
    parser.add_argument("--threads", type=int, default=default, metavar="N", help=help)


def add_delegate(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    help = "a delegate's library, such as libedgetpu.so.1"
    parser.add_argument("--delegate", default=default, metavar="LIBRARY", help=help)
