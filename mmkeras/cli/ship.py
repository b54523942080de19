"""From a run to the device: `mmkeras export`, and before it is trained, `mmkeras fits`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.options import AsJson, Budget, RunPath, Settings
from mmkeras.cli.printing import hint, print_json

TargetName = Annotated[
    str,
    typer.Option(
        help="Where it will run: raspberry-pi-5, raspberry-pi-4, raspberry-pi-3, "
        "raspberry-pi-zero-2, raspberry-pi-zero-2-32bit, android, ios, browser, coral-edge-tpu, "
        "microcontroller or any."
    ),
]


def export(
    run: RunPath,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .tflite file to write.")],
    precision: Annotated[
        str,
        typer.Option(
            help="float32, float16, weights_int8, weights_int4, dynamic_int8, int16, int8, or "
            "auto: the cheapest mix of them by part that keeps to the budget."
        ),
    ] = "int8",
    budget: Budget = 0.02,
    target: TargetName = "any",
    force: Annotated[
        bool, typer.Option("--force", help="Write what the check refuses; the file says so.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert, shrink, check on the device's runtime, and only then write one file."""
    from mmkeras.quiet import import_keras

    import_keras("tensorflow")  # which converts, whatever the run was trained on
    import mmkeras
    from mmkeras_export import export as ship

    loaded = mmkeras.load(run)
    train, valid = loaded.rows("train"), loaded.rows("valid")
    report = ship(loaded, output, precision, train, valid, budget, target, force)
    if as_json:
        print_json(report.to_dict())
    else:
        print(report)
    picture = output.with_name(f"{output.stem}.export.png")
    hint(f"look at {picture}; next: mmkeras-edge verify {output}", as_json)


def fits(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE", help="A name of `mmkeras recipes`, or a .yaml or .json file."
        ),
    ],
    target: TargetName = "any",
    settings: Settings = [],  # noqa: B006  Typer copies it
    as_json: AsJson = False,
) -> None:
    """Whether a recipe can run on a target, before it is trained: sizes, memory, time."""
    from mmkeras.cli.begin import import_keras, named

    import_keras("tensorflow")
    start = named(recipe, None)
    from mmkeras.settings import changed
    from mmkeras_export import fits as measure

    assert start is not None  # a recipe was named
    chosen, _ = changed(start.recipe, start.training, settings)
    found = measure(chosen, target)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found)
    if not found:
        raise typer.Exit(1)
