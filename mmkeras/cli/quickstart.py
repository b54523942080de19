"""`mmkeras quickstart`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.options import AsJson, Budget
from mmkeras.cli.printing import print_json


def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path(
        "runs/quickstart"
    ),
    data: Annotated[str | None, typer.Option(help="stamps or synthetic; default: stamps.")] = None,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Start from pre-trained towers; [weights].")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each training.")] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the start, the order of the rows.")] = 0,
    budget: Budget = 0.02,
    as_json: AsJson = False,
) -> None:
    """The whole way on real data: train, prune, quantize, export, run on the device's runtime."""
    from mmkeras.quiet import import_keras

    import_keras("tensorflow")  # which converts
    from mmkeras.quickstart import Tour, tour

    summary = tour(Tour(out, data, pretrained, epochs, seed, budget), quiet=as_json)
    if as_json:
        print_json(summary)
