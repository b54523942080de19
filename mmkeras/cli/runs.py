"""What is done with a run: `mmkeras evaluate`, `mmkeras export`, `mmkeras info`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mmkeras.cli.options import AsJson, Budget, RunPath
from mmkeras.cli.printing import hint, print_evaluation, print_json

Other = Annotated[
    Path | None, typer.Option("--manifest", help="Use all rows of this one, not the run's own.")
]


def evaluate(
    run: RunPath,
    manifest: Other = None,
    split: Annotated[str, typer.Option(help="Rows of the run's manifest: train, valid, test.")] = (
        "test"
    ),
    as_json: AsJson = False,
) -> None:
    """Evaluate a run, by default on the rows that its training never saw."""
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras

    loaded = mmkeras.load(run)
    rows = loaded.manifest(manifest) if manifest else loaded.rows(split)
    print_evaluation(mmkeras.evaluate(loaded, rows), as_json)


def export(
    run: RunPath,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .tflite file to write.")],
    precision: Annotated[str, typer.Option(help="float32, dynamic_int8 or int8.")] = "int8",
    budget: Budget = 0.02,
    as_json: AsJson = False,
) -> None:
    """Convert, shrink, check on the device's runtime, and only then write one file."""
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras
    from mmkeras_export import export as ship

    loaded = mmkeras.load(run)
    report = ship(loaded, output, precision, loaded.rows("train"), loaded.rows("valid"), budget)
    if as_json:
        print_json(report.to_dict())
    else:
        print(report)
        hint(f"next: mmkeras-edge verify {output}", as_json)


def info(
    path: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="A run or a .tflite file.")],
    as_json: AsJson = False,
) -> None:
    """What a run or an exported file is: inputs, outputs, recipe, versions, figures."""
    if path.suffix == ".tflite" or path.is_file():
        from mmkeras_edge.cli import main as edge

        raise typer.Exit(edge(["info", str(path), *(["--json"] if as_json else [])]))
    from mmkeras.quiet import import_keras

    import_keras()
    from mmkeras.run import load

    run = load(path)
    about: dict[str, Any] = {
        "run": str(path),
        "parameters": run.model.count_params(),
        "recipe": run.recipe.to_dict(),
        **{name: value for name, value in run.about.items() if name != "data"},
    }
    if as_json:
        print_json(about)
    else:
        run.model.summary()
        print(json.dumps(about, indent=1, ensure_ascii=False))
