"""A run made smaller and trained on: `mmkeras slim`, `prune`, `cluster` and `qat`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkeras.cli.begin import stoppable
from mmkeras.cli.options import AsJson, RunPath
from mmkeras.cli.printing import hint, print_json

if TYPE_CHECKING:
    from mmkeras.run import Run
    from mmkeras_export import Savings
    from mmkeras_export.shrinking.slimming.costs import Slimmed

Out = Annotated[Path, typer.Option(help="Folder of the new run.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with one that was cut off in --out.")]


def slim(
    run: RunPath,
    out: Out,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Of the multiply-adds that are to go.")
    ] = 0.5,
    epochs: Annotated[int, typer.Option(min=1)] = 10,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Take whole channels, heads and units out of a run, and train it on: smaller and faster."""
    _shrink("slim", run, share, {"epochs": epochs, "out": out, "resume": resume}, as_json)


def prune(
    run: RunPath,
    out: Out,
    sparsity: Annotated[
        str, typer.Option(metavar="SHARE|N:M", help="Share of zeros, or so many of M weights.")
    ] = "0.5",
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Make weights of a run zero while it trains on: a smaller download, no speed."""
    wanted = sparsity if ":" in sparsity else _share(sparsity)
    _shrink("prune", run, wanted, {"epochs": epochs, "out": out, "resume": resume}, as_json)


def cluster(
    run: RunPath,
    out: Out,
    clusters: Annotated[int, typer.Option(min=2, help="Different values in each kernel.")] = 16,
    epochs: Annotated[int, typer.Option(min=1)] = 2,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Let weights share few values while a run trains on: a smaller download, no speed."""
    _shrink("cluster", run, clusters, {"epochs": epochs, "out": out, "resume": resume}, as_json)


def qat(
    run: RunPath,
    out: Out,
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    resume: Resume = False,
    as_json: AsJson = False,
) -> None:
    """Train a run on with the rounding of its int8 file, so that int8 loses less."""
    _shrink("qat", run, None, {"epochs": epochs, "out": out, "resume": resume}, as_json)


def _shrink(verb: str, path: Path, wanted: Any, tuning: dict[str, Any], as_json: bool) -> None:
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras
    import mmkeras_export

    run = mmkeras.load(path)
    rows = [run.rows("train"), run.rows("valid")]
    if wanted is not None:
        rows.append(wanted)
    with stoppable():
        smaller = getattr(mmkeras_export, verb)(run, *rows, **tuning)
    found = mmkeras.evaluate(smaller, run.rows("test"))
    saved = _saved(verb, run, smaller, as_json)
    if as_json:
        print_json(found.to_dict() | ({} if saved is None else {"saved": asdict(saved)}))
    else:
        print(found)
    if saved is not None:
        hint(f"\n{saved}", as_json)
    hint(f"next: mmkeras export {tuning['out']} --precision int8 -o model.tflite", as_json)


def _saved(verb: str, run: Run, smaller: Run, as_json: bool) -> Savings | Slimmed | None:
    """What the verb brought beside the accuracy; None where it cannot be measured, and for `qat`,
    which is for the int8 file to come."""
    from mmkeras_export import ConversionError, savings_of, slimmed

    if verb == "qat":
        return None
    if verb == "slim":
        return slimmed(run.model, smaller.model)
    try:
        return savings_of(run, smaller)
    except ConversionError as error:  # the run is stored: it is no failure of the verb
        hint(f"no sizes and times: {error}", as_json)
        return None


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"--sparsity: wanted a share such as 0.5, or N:M such as 2:4. Received: {text!r}"
        ) from None
