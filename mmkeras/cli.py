"""The command `mmkeras`: one verb a stage. Heavy imports live in the verb that needs them."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.recipe import Recipe

app = typer.Typer(
    name="mmkeras",
    help="Keras models over several modalities, from a manifest to one checked .tflite file.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help, at once
)

FAILED, MISUSED = 1, 2  # exit codes: a check that failed; wrong usage or bad input
INTERRUPTED = 130  # Ctrl-C; Typer's own code for it

ManifestPath = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A CSV with a header.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")]
ImageColumn = Annotated[str | None, typer.Option("--image", help="Column of picture files.")]
TextColumn = Annotated[str | None, typer.Option("--text", help="Column of texts.")]
AudioColumn = Annotated[str | None, typer.Option("--audio", help="Column of sound files.")]
VideoColumn = Annotated[str | None, typer.Option("--video", help="Column of film files.")]
SensorColumn = Annotated[
    str | None, typer.Option("--sensors", help="Column of recordings: CSV or .npy files.")
]
TableColumns = Annotated[
    list[str], typer.Option("--table", help="Column of a number or a category; repeatable.")
]
Targets = Annotated[
    list[str],
    typer.Option(
        "--target",
        metavar="COLUMN[:KIND]",
        help="Column of labels, and of what kind they are: classify (default), binary, multilabel, "
        "ordinal, regress, gaussian, count or quantiles; repeatable.",
    ),
]
Group = Annotated[str | None, typer.Option(help="Column whose rows stay in one split.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Seed = Annotated[int, typer.Option(help="Of the split, the start and the order of the rows.")]
Budget = Annotated[
    float,
    typer.Option(
        help="Accuracy that a smaller file may lose, 0 to 1; of a number's error, the share by "
        "which it may grow."
    ),
]
Other = Annotated[
    Path | None, typer.Option("--manifest", help="Use all rows of this one, not the run's own.")
]


@app.command()
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for everything it makes.")] = Path(
        "runs/quickstart"
    ),
    data: Annotated[str | None, typer.Option(help="stamps or synthetic; default: stamps.")] = None,
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="Start from pre-trained towers; [weights].")
    ] = False,
    epochs: Annotated[int | None, typer.Option(help="Epochs of each training.")] = None,
    seed: Seed = 0,
    budget: Budget = 0.02,
    as_json: AsJson = False,
) -> None:
    """The whole way on real data: train, prune, quantize, export, run on the device's runtime."""
    _import_keras()
    from mmkeras.quickstart import Tour, tour

    summary = tour(Tour(out, data, pretrained, epochs, seed, budget), quiet=as_json)
    if as_json:
        _print_json(summary)


@app.command()
def check(
    manifest: ManifestPath,
    image: ImageColumn = None,
    text: TextColumn = None,
    audio: AudioColumn = None,
    video: VideoColumn = None,
    sensors: SensorColumn = None,
    table: TableColumns = [],  # noqa: B006  Typer copies it
    target: Targets = [],  # noqa: B006
    group: Group = None,
    as_json: AsJson = False,
) -> None:
    """Read every row as a training would; list what is wrong with its line. Exit code 1 if any."""
    from mmkeras.inspection import inspect

    columns = {"image": image, "text": text, "audio": audio, "video": video, "sensors": sensors}
    found = inspect(_load(manifest, target, group, **columns, table=tuple(table) or None))
    if as_json:
        _print_json(found.to_dict())
    else:
        print(found)
    raise typer.Exit(FAILED if found.problems else 0)


@app.command()
def train(
    manifest: ManifestPath,
    out: Annotated[Path, typer.Option(help="The run's folder.")],
    target: Targets,
    image: ImageColumn = None,
    text: TextColumn = None,
    audio: AudioColumn = None,
    video: VideoColumn = None,
    sensors: SensorColumn = None,
    table: TableColumns = [],  # noqa: B006
    group: Group = None,
    recipe: Annotated[
        str | None, typer.Option(help="Where to start from: see `mmkeras recipes`.")
    ] = None,
    image_branch: Annotated[str | None, typer.Option(help="Backbone over the picture.")] = None,
    text_branch: Annotated[str | None, typer.Option(help="Encoder of the text.")] = None,
    audio_branch: Annotated[str | None, typer.Option(help="Encoder of the sound.")] = None,
    video_branch: Annotated[str | None, typer.Option(help="Backbone over a frame, or cnn3d.")] = (
        None
    ),
    sensor_branch: Annotated[str | None, typer.Option(help="Encoder of the readings.")] = None,
    window_ms: Annotated[int, typer.Option(help="Of a recording, how much is read.")] = 2_000,
    table_branch: Annotated[str | None, typer.Option(help="mlp or ft_transformer.")] = None,
    fusion: Annotated[str | None, typer.Option(help="How the modalities meet.")] = None,
    optional: Annotated[list[str], typer.Option(help="Input that may be absent.")] = [],  # noqa: B006
    width: Annotated[int | None, typer.Option(help="Length of each modality's vector.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 30,
    balance: Annotated[
        str, typer.Option(help="Of several losses: fixed, uncertainty or gradnorm.")
    ] = "fixed",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Train on 70 percent of the rows, choose on 10, report on 20; store the run."""
    columns = {"image": image, "text": text, "audio": audio, "video": video, "sensors": sensors}
    rows = _load(manifest, target, group, **columns, table=tuple(table) or None)
    _import_keras()
    from keras.utils import set_random_seed

    import mmkeras

    learn, choose, report = rows.split(seed)
    branches = {"image": image_branch, "text": text_branch, "audio": audio_branch}
    branches |= {"video": video_branch, "sensor": sensor_branch, "table": table_branch}
    start = _start(recipe, learn, window_ms)
    changes: dict[str, Any] = {"fusion": fusion, "width": width, "optional": tuple(optional)}
    chosen = dataclasses.replace(
        start,
        inputs={
            name: dataclasses.replace(source, branch=branches[name] or source.branch)
            for name, source in start.inputs.items()
        },
        **{field: value for field, value in changes.items() if value},
    )
    set_random_seed(seed)
    training = mmkeras.Training(seed=seed, balance=balance)
    run = mmkeras.fit(mmkeras.assemble(chosen), learn, choose, epochs, out, training)
    _print_evaluation(mmkeras.evaluate(run, report), as_json)
    _hint(f"stored in {out}; next: mmkeras export {out} -o model.tflite", as_json)


@app.command()
def recipes(as_json: AsJson = False) -> None:
    """The named recipes: what they take, how they fuse it, and what they are for."""
    from mmkeras.recipes import RECIPES

    if as_json:
        _print_json({name: system.recipe.to_dict() for name, system in RECIPES.items()})
        return
    for name, (recipe, about) in RECIPES.items():
        inputs = ", ".join(f"{n} {source.branch}" for n, source in recipe.inputs.items())
        fusion = recipe.fusion if isinstance(recipe.fusion, str) else recipe.fusion["name"]
        print(f"{name}\n  {about}\n  {inputs}; {fusion}\n")
    print("start from one: mmkeras train MANIFEST ... --recipe NAME --out RUN")


@app.command()
def evaluate(
    run: RunPath,
    manifest: Other = None,
    split: Annotated[str, typer.Option(help="Rows of the run's manifest: train, valid, test.")] = (
        "test"
    ),
    as_json: AsJson = False,
) -> None:
    """Evaluate a run, by default on the rows that its training never saw."""
    _import_keras()
    import mmkeras

    loaded = mmkeras.load(run)
    rows = loaded.manifest(manifest) if manifest else loaded.rows(split)
    _print_evaluation(mmkeras.evaluate(loaded, rows), as_json)


@app.command()
def export(
    run: RunPath,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .tflite file to write.")],
    precision: Annotated[str, typer.Option(help="float32, dynamic_int8 or int8.")] = "int8",
    budget: Budget = 0.02,
    as_json: AsJson = False,
) -> None:
    """Convert, shrink, check on the device's runtime, and only then write one file."""
    _import_keras()
    import mmkeras
    from mmkeras_export import export as ship

    loaded = mmkeras.load(run)
    report = ship(loaded, output, precision, loaded.rows("train"), loaded.rows("valid"), budget)
    if as_json:
        _print_json(report.to_dict())
    else:
        print(report)
        _hint(f"next: mmkeras-edge verify {output}", as_json)


@app.command()
def info(
    path: Annotated[Path, typer.Argument(metavar="RUN_OR_FILE", help="A run or a .tflite file.")],
    as_json: AsJson = False,
) -> None:
    """What a run or an exported file is: inputs, outputs, recipe, versions, figures."""
    if path.suffix == ".tflite" or path.is_file():
        from mmkeras_edge.cli import main as edge

        raise typer.Exit(edge(["info", str(path), *(["--json"] if as_json else [])]))
    _import_keras()
    from mmkeras.run import load

    run = load(path)
    about: dict[str, Any] = {
        "run": str(path),
        "parameters": run.model.count_params(),
        "recipe": run.recipe.to_dict(),
        **{name: value for name, value in run.about.items() if name != "data"},
    }
    if as_json:
        _print_json(about)
    else:
        run.model.summary()
        print(json.dumps(about, indent=1, ensure_ascii=False))


def main() -> int:
    """Runs a command; what a user can mend is one line on standard error, without traceback."""
    import warnings

    warnings.showwarning = _show_warning
    try:
        code = app(standalone_mode=False) or 0
        if code == INTERRUPTED:
            print("mmkeras: stopped; nothing half-written is left", file=sys.stderr)
        return code
    except (ValueError, OSError, ImportError) as error:
        print(f"mmkeras: error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", MISUSED)
    except Exception as error:
        if hasattr(error, "exit_code"):  # usage errors of Typer's own
            show = getattr(error, "show", None)
            if show is not None:
                show()
            return error.exit_code
        raise


def _start(name: str | None, learn: Manifest, window_ms: int) -> Recipe:
    """The recipe of that name, or the usual one, over what the training rows have."""
    import mmkeras
    from mmkeras.recipes import RECIPES
    from mmkeras_edge.inputs import pick

    usual: dict[str, Any] = {
        "image": mmkeras.Image,
        "text": mmkeras.Text,
        "audio": mmkeras.Audio,
        "video": mmkeras.Video,
        "sensor": lambda: mmkeras.Sensor.of(learn, window_ms=window_ms),
        "table": lambda: mmkeras.Table.of(learn),
    }
    outputs = {target: learn.task(target) for target in learn.targets}
    if name is None:
        return mmkeras.Recipe({n: usual[n]() for n in learn.inputs}, outputs)
    recipe = pick(RECIPES, name, "recipe").recipe
    return dataclasses.replace(
        recipe,
        inputs={n: recipe.inputs[n] if n in recipe.inputs else usual[n]() for n in learn.inputs},
        outputs=outputs,
        optional=tuple(n for n in recipe.optional if n in learn.inputs and len(learn.inputs) > 1),
    )


def _import_keras() -> None:
    from mmkeras.quiet import import_keras

    import_keras()


def _load(manifest: Path, target: list[str], group: str | None, **columns: Any) -> Manifest:
    from mmkeras.manifest import load_manifest

    targets = dict(map(_column_and_kind, target))
    return load_manifest(manifest, targets=targets, group=group, **columns)


def _column_and_kind(target: str) -> tuple[str, str]:
    """ "age:regress" is a column and its kind; a column alone has classes."""
    column, colon, kind = target.rpartition(":")
    return (column, kind) if colon else (target, "classify")


def _print_evaluation(evaluation: Any, as_json: bool) -> None:
    if as_json:
        _print_json(evaluation.to_dict())
    else:
        print(evaluation)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def _hint(text: str, as_json: bool) -> None:
    print(text, file=sys.stderr if as_json else sys.stdout)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    print(f"mmkeras: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
