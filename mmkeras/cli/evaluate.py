"""How good a model is and what is behind it: `mmkeras evaluate`, and what a file learns of it:
`mmkeras calibrate`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    ImageColumn,
    SensorColumn,
    Strict,
    TextColumn,
    VideoColumn,
    listed,
    named_columns,
)
from mmkeras.cli.printing import hint, print_evaluation, print_json

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.run import Run
    from mmkeras.shipped import Shipped

Trained = Annotated[
    Path,
    typer.Argument(metavar="RUN_OR_FILE", help="The folder of a training, or a .tflite file."),
]
Data = Annotated[
    Path | None,
    typer.Argument(metavar="[DATA]", help="A manifest; of a run, others than its own rows."),
]
Costs = Annotated[
    tuple[float, float] | None,
    typer.Option(metavar="MISSED ALARM", help="What a missed yes costs, and a false one."),
]
CostMatrix = Annotated[
    list[str],
    typer.Option(
        metavar="OUTPUT=FILE",
        help="A CSV of what a row costs: a line each label that is right, a column each label that "
        "is said; repeatable.",
    ),
]
Grouped = Annotated[
    str | None, typer.Option(help="Column whose rows belong together: intervals are drawn by it.")
]


def _part(what: str) -> Any:
    return typer.Option(help=f"Also: {what}.", rich_help_panel="Parts")


def evaluate(
    context: typer.Context,
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
    group: Grouped = None,
    full: Annotated[bool, typer.Option("--full", help="All parts.")] = False,
    classes: Annotated[bool, _part("by class, and what is confused")] = False,
    calibration: Annotated[bool, _part("whether 80 percent means 80 percent")] = False,
    curves: Annotated[bool, _part("ROC and precision-recall curves")] = False,
    residuals: Annotated[bool, _part("errors of numbers")] = False,
    thresholds: Annotated[bool, _part("the cheapest thresholds")] = False,
    decisions: Annotated[bool, _part("the cheapest answers, by --cost-matrix")] = False,
    slices: Annotated[bool, _part("the figure for parts of the rows")] = False,
    modalities: Annotated[bool, _part("what each input brings")] = False,
    robustness: Annotated[bool, _part("noise in each input, absent inputs")] = False,
    uncertainty: Annotated[bool, _part("whether it knows when it does not know")] = False,
    gallery: Annotated[bool, _part("the samples to look at")] = False,
    column: Annotated[list[str], typer.Option(help="Slice by this column; repeatable.")] = [],  # noqa: B006
    costs: Costs = None,
    cost_matrix: CostMatrix = [],  # noqa: B006
    file: Annotated[
        Path | None,
        typer.Option(help="An exported file: its noise curves beside Keras', its prices."),
    ] = None,
    outside: Annotated[
        Path | None, typer.Option(help="A manifest of strangers, for --uncertainty.")
    ] = None,
    train_epochs: Annotated[
        int | None,
        typer.Option(help="For --modalities, also train with each input alone and without it."),
    ] = None,
    rows: Annotated[int, typer.Option(help="Rows, at most, for modalities and robustness.")] = 500,
    out: Annotated[
        Path | None, typer.Option(help="Folder for evaluation.json and a picture of each part.")
    ] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a run, by default on the rows that its training never saw, or an exported file.

    A file does not know what the columns of a manifest are called: usually like its inputs.
    """
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras
    from mmkeras.insight import PARTS, Options

    loaded = mmkeras.load(run)
    columns = {"image": image, "text": text, "audio": audio, "video": video, "sensors": sensors}
    found_rows = _grouped(_rows(loaded, data, split, columns, strict), group)
    asked = [name for name in PARTS if full or context.params[name]]
    asked += ["slices"] if column and "slices" not in asked else []
    asked += ["thresholds"] if costs and "thresholds" not in asked else []
    matrices = _matrices(cost_matrix)
    asked += [n for n in ("thresholds", "decisions") if matrices and n not in asked]
    beside, (missed, alarm) = _beside(file), costs or (1.0, 1.0)
    options = Options(
        rows=rows,
        columns=tuple(column),
        beside=beside,
        outside=None if outside is None else _outside(loaded, outside, columns),
        prices=_prices(loaded, beside),
        trained={} if train_epochs is None else _trained(loaded, train_epochs),
        missed=missed,
        alarm=alarm,
        costs=matrices,
    )
    evaluation = mmkeras.evaluate(loaded, found_rows, asked, options)
    print_evaluation(evaluation, as_json)
    if out is not None:
        hint(f"{len(evaluation.save(out)) - 1} pictures and evaluation.json are in {out}", as_json)


def calibrate(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="An exported .tflite file.")],
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A manifest of validation rows, or a run.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Another file to write.")
    ] = None,
    turn_away: Annotated[
        float, typer.Option(help="Share of such rows that the file is to be unsure of.")
    ] = 0.0,
    costs: Costs = None,
    image: ImageColumn = [],  # noqa: B006
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    group: Grouped = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Find a file's temperature, the limit under which it is unsure, and by --costs its thresholds,
    on rows that it was neither trained nor judged on; they are stored in the file.

    DATA may be the run's folder: then its validation rows are taken.
    """
    from mmkeras.quiet import import_keras

    import_keras()
    import mmkeras
    from mmkeras_export import settle

    if data.is_dir():
        rows = dataclasses.replace(mmkeras.load(data).rows("valid"), strict=strict)
    else:
        columns = {"image": image, "text": text, "audio": audio, "video": video, "sensors": sensors}
        rows = _rows(mmkeras.load(path), data, None, columns, strict)
    found = settle(path, _grouped(rows, group), output, turn_away, costs)
    if as_json:
        print_json({name: each.to_dict() for name, each in found.items()})
        return
    for name, each in found.items():
        print(f"{name}: {each}")


def _matrices(said: Sequence[str]) -> dict[str, Any]:
    from mmkeras.insight.costs import read_costs

    pairs = [each.partition("=") for each in said]
    for output, sign, path in pairs:
        if not (output and sign and path):
            raise ValueError(f"--cost-matrix wants OUTPUT=FILE. Received: {output + sign + path!r}")
    return {output: read_costs(path) for output, _, path in pairs}


def _rows(
    loaded: Run | Shipped,
    data: Path | None,
    split: str | None,
    columns: Mapping[str, Sequence[str]],
    strict: bool = False,
) -> Manifest:
    from mmkeras.shipped import Shipped

    if isinstance(loaded, Shipped):
        return _rows_for(loaded, data, split, columns, strict)
    if data is not None:
        return loaded.manifest(data, strict, listed(data))
    return dataclasses.replace(loaded.rows(split or "test"), strict=strict)


def _rows_for(
    file: Shipped,
    data: Path | None,
    split: str | None,
    columns: Mapping[str, Sequence[str]],
    strict: bool,
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
    given: dict[str, Any] = {
        option: named_columns(option, of) for option, of in columns.items() if of
    }
    specs = file.recipe.specs
    usual = {
        name: spec.fields if isinstance(spec, TableSpec) else name
        for name, spec in specs.items()
        if ARGUMENTS[spec.kind] not in given
    }
    kinds = {name: spec.kind for name, spec in specs.items()}
    targets = {name: task.kind for name, task in file.recipe.outputs.items()}
    given |= {"strict": strict, "skipped": listed(data)}
    return load_manifest(data, targets=targets, **arguments(usual, kinds), **given)


def _grouped(rows: Manifest, group: str | None) -> Manifest:
    from mmkeras_edge.inputs import pick

    if group is None:
        return rows
    pick(dict.fromkeys(rows.table.columns), group, f"column of {rows.path}:")
    return dataclasses.replace(rows, group=group)


def _outside(loaded: Run | Shipped, path: Path, columns: Mapping[str, Sequence[str]]) -> Any:
    return loaded.prepare(_rows(loaded, path, None, columns))


def _beside(file: Path | None) -> Shipped | None:
    from mmkeras.opening import load
    from mmkeras.shipped import Shipped

    if file is None:
        return None
    found = load(file)
    if not isinstance(found, Shipped):
        raise ValueError(f"--file wants an exported .tflite. Received: {str(file)!r}")
    return found


def _prices(loaded: Run | Shipped, beside: Shipped | None) -> Any:
    """Of the file that is meant; without one nothing was exported, and nothing is converted."""
    from mmkeras.shipped import Shipped
    from mmkeras_export import savings_without

    if beside is not None:
        return lambda _: savings_without(beside)
    return savings_without if isinstance(loaded, Shipped) else None


def _trained(loaded: Run | Shipped, epochs: int) -> Any:
    """In a folder beside the run's own files."""
    from mmkeras.insight import train
    from mmkeras.shipped import Shipped
    from mmkeras.training import Training

    if isinstance(loaded, Shipped) or loaded.path is None:
        raise ValueError("--train-epochs wants a run: a file does not know what it learned from")
    parts = loaded.rows("train"), loaded.rows("valid"), loaded.rows("test")
    training = Training(**loaded.about.get("training", {}))
    return train(
        loaded.recipe, parts, epochs, loaded.path.with_name(f"{loaded.path.name}.parts"), training
    )
