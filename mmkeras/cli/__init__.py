"""The command `mmkeras`: one verb a stage. Heavy imports live in the verb that needs them."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import Annotated

import typer

from mmkeras.cli import (
    check,
    compare,
    evaluate,
    explain,
    prepare,
    preview,
    quickstart,
    recipes,
    report,
    runs,
    search,
    ship,
    shrink,
    split,
    train,
)
from mmkeras.cli.printing import Stopped

FAILED, MISUSED = 1, 2  # exit codes: a check that failed; wrong usage or bad input
INTERRUPTED = 130  # Ctrl-C; Typer's own code for it

app = typer.Typer(
    name="mmkeras",
    help="Keras models over several modalities, from a manifest to one checked .tflite file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help, at once
)


@dataclass
class Options:
    """What is said before the verb."""

    debug: bool = False


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Of an error, show where in the code it arose.")
    ] = False,
) -> None:
    context.ensure_object(Options).debug = debug


for verb in (  # the order of --help
    quickstart.quickstart,
    check.check,
    split.split,
    prepare.prepare,
    prepare.merge,
    preview.preview,
    train.train,
    compare.compare,
    search.search,
    recipes.recipes,
    evaluate.evaluate,
    explain.explain,
    report.report,
    ship.fits,
    shrink.slim,
    shrink.prune,
    shrink.cluster,
    shrink.qat,
    ship.export,
    evaluate.calibrate,
    runs.info,
):
    app.command()(verb)


def main() -> int:
    """Runs a command; what a user can mend is one line on standard error, without traceback."""
    warnings.showwarning = _show_warning
    said = Options()
    try:
        code = app(standalone_mode=False, obj=said) or 0
        if code == INTERRUPTED:
            print("mmkeras: stopped; nothing half-written is left", file=sys.stderr)
        return code
    except Stopped as stop:
        print(f"mmkeras: {stop}", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, ImportError, MemoryError) as error:
        if said.debug:
            raise
        print(f"mmkeras: error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", MISUSED)
    except Exception as error:
        if hasattr(error, "exit_code"):  # usage errors of Typer's own
            show = getattr(error, "show", None)
            if show is not None:
                show()
            return error.exit_code
        raise


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    print(f"mmkeras: warning: {message}", file=sys.stderr)
