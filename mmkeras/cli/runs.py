"""What is done with a run: `mmkeras evaluate`, `mmkeras info`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    ImageColumn,
    SensorColumn,
    TextColumn,
    VideoColumn,
    named_columns,
)
from mmkeras.cli.printing import print_evaluation, print_json

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.shipped import Shipped

Trained = Annotated[
    Path,
    typer.Argument(metavar="RUN_OR_FILE", help="The folder of a training, or a .tflite file."),
]
Data = Annotated[
    Path | None,
    typer.Argument(metavar="[DATA]", help="A manifest; of a run, others than its own rows."),
]


def evaluate(
    run: Trained,
    data: Data = None,
    split: Annotated[
        str | None,
        typer.Option(help="Rows of the run's manifest: train, valid or, usually, test."),
    ] = None,
    image: ImageColumn = [],  # noqa: B006
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Evaluate a run, by default on the rows that its training never saw, or an exported file.

    A file does not know what the columns of a manifest are called: usually like its inputs.
    """
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras

    loaded = mmkeras.load(run)
    if isinstance(loaded, mmkeras.Shipped):
        columns = {"image": image, "text": text, "audio": audio, "video": video, "sensors": sensors}
        rows = _rows_for(loaded, data, split, columns)
    else:
        rows = loaded.manifest(data) if data else loaded.rows(split or "test")
    print_evaluation(mmkeras.evaluate(loaded, rows), as_json)


def _rows_for(
    file: Shipped, data: Path | None, split: str | None, columns: Mapping[str, Sequence[str]]
) -> Manifest:
    """The rows of a manifest whose columns are called like the file's inputs, or as was said."""
    from mmkeras.manifest import load_manifest
    from mmkeras.sources import ARGUMENTS, arguments
    from mmkeras_edge.specs import TableSpec

    if data is None or split is not None:
        raise ValueError(
            f"{file.path} carries no rows: name the manifest to evaluate it on, without --split: "
            f"mmkeras evaluate {file.path} DATA.csv"
        )
    given = {option: named_columns(option, of) for option, of in columns.items() if of}
    specs = file.recipe.specs
    usual = {
        name: spec.fields if isinstance(spec, TableSpec) else name
        for name, spec in specs.items()
        if ARGUMENTS[spec.kind] not in given
    }
    kinds = {name: spec.kind for name, spec in specs.items()}
    targets = {name: task.kind for name, task in file.recipe.outputs.items()}
    return load_manifest(data, targets=targets, **arguments(usual, kinds), **given)


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
