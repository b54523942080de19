"""What is in a run or a file: `mmkeras info`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mmkeras.cli.options import AsJson
from mmkeras.cli.printing import print_json


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
