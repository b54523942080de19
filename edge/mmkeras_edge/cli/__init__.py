"""`mmkeras-edge`: the verbs of the device, a file each. Standard library only until a verb runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from mmkeras_edge.cli import bench, info, record, run, serve, stubs, verify, watch
from mmkeras_edge.cli.verbs import EXIT_CODES, OK, STOPPED, WRONG, Parser, Verb

VERBS: dict[str, Verb] = {  # the order of --help
    "info": info.VERB,
    "run": run.VERB,
    "verify": verify.VERB,
    "bench": bench.VERB,
    "watch": watch.VERB,
    "record": record.VERB,
    "serve": serve.VERB,
    "stubs": stubs.VERB,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one verb and returns the exit code, one of `EXIT_CODES`."""
    try:
        options = _parser().parse_args(argv)
        if options.untrusted:
            _try(options.file)
        code = VERBS[options.verb].call(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (ValueError, OSError, ImportError) as error:
        print("mmkeras-edge: error:", " ".join(str(error).split()), file=sys.stderr)
        return WRONG
    except KeyboardInterrupt:
        return STOPPED


def _try(path: str) -> None:
    from mmkeras_edge.file import open_file
    from mmkeras_edge.trial import trial

    trial(open_file(path).path)  # its card and hashes first: that costs less


def _parser() -> Parser:
    codes = "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    parser = Parser(
        prog="mmkeras-edge",
        description="Runs and checks models exported by mmkeras, without Keras.",
        epilog=f"Exit codes: {codes}.",
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        of = verbs.add_parser(name, help=verb.summary, description=verb.summary, allow_abbrev=False)
        of.add_argument("--json", action="store_true", help="print JSON")
        of.add_argument(
            "--untrusted",
            action="store_true",
            help="run the file once in a process of its own first, with little memory and time",
        )
        verb.add_options(of)
    return parser
