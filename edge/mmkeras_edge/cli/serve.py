"""`mmkeras-edge serve`: predictions over HTTP, and a page to try them by hand."""

from __future__ import annotations

import argparse
import os

from mmkeras_edge.cli.verbs import OK, Verb, add_file

TOKEN = "MMKERAS_EDGE_TOKEN"
CURE = "pip install 'mmkeras[edge,serve]'"


def serve(options: argparse.Namespace) -> int:
    try:
        from mmkeras_edge.serving.limits import limits_from
        from mmkeras_edge.serving.server import Settings, run
    except ImportError as error:
        raise ImportError(f"serving wants its extra ({error}): {CURE}") from error

    run(
        Settings(
            options.file,
            host=options.host,
            port=options.port,
            workers=options.workers,
            threads=options.threads,
            token=_token(options.token_file),
            insecure=options.insecure,
            limits=limits_from(options.limit),
        )
    )
    return OK


def _token(path: str | None) -> str | None:
    """From a file or the environment: what stands on a command line, every process can read."""
    if path is None:
        return os.environ.get(TOKEN)
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
    parser.add_argument(
        "--workers", type=int, metavar="N", help="models that answer at once (default: at most 2)"
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="of each model (default: the cores shared out)"
    )
    parser.add_argument(
        "--token-file",
        metavar="FILE",
        help=f"who asks must know what stands in it; default: the variable {TOKEN}",
    )
    parser.add_argument(
        "--insecure", action="store_true", help="no token, though others may reach the address"
    )
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help="body_mb=16, queued=32, answer_s=30, ...; edge/README.md lists them",
    )
    add_file(parser)


VERB = Verb("answer over HTTP, with a page to try it: logs are JSON Lines", add_options, serve)
