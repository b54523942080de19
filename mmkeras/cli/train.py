"""`mmkeras train`."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    Group,
    ImageColumn,
    SensorColumn,
    TableColumns,
    Targets,
    TextColumn,
    VideoColumn,
    load_rows,
)
from mmkeras.cli.printing import Stopped, hint, print_evaluation, print_json

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.recipe import Recipe
    from mmkeras.run import Run
    from mmkeras.training import Training


def train(
    manifest: Annotated[
        Path | None, typer.Argument(metavar="MANIFEST", help="A CSV with a header.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    target: Targets = [],  # noqa: B006  Typer copies it
    image: ImageColumn = [],  # noqa: B006
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    table: TableColumns = [],  # noqa: B006
    group: Group = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME_OR_FILE",
            help="Where to start from: a name of `mmkeras recipes`, or a .yaml or .json file.",
        ),
    ] = None,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Change the recipe or the training: fusion=gated, image=resnet50, "
            "image.size_px=96x96, text.length=32, optional=audio, width=64, label.threshold=0.4, "
            "training.learning_rate=1e-3, ...; repeatable.",
        ),
    ] = [],  # noqa: B006
    epochs: Annotated[int, typer.Option(min=1)] = 30,
    seed: Annotated[
        int | None, typer.Option(help="Of the split, the start, the order of the rows; usually 0.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="float32 (usually), mixed_float16 or mixed_bfloat16.")
    ] = None,
    backend: Annotated[
        str | None, typer.Option(help="tensorflow (usually) or jax; before KERAS_BACKEND.")
    ] = None,
    teacher: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="A larger run with the same targets, whose answers are learned beside the labels.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in --out; needs no MANIFEST.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew where --out has an unfinished one.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Log for TensorBoard, into `logs` in --out.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the model, time a few steps, store nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train on 70 percent of the rows, choose on 10, report on 20; store the run."""
    if out is None and not dry_run:
        raise ValueError("say where the run is to be stored: --out RUN")
    _check_logs(tensorboard)
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    settings = [*settings, *([f"training.precision={precision}"] if precision else [])]
    if manifest is None:
        given = (*columns.values(), target, recipe, settings, teacher, dry_run)
        if any(given) or not resume:
            raise ValueError("give a MANIFEST; only `mmkeras train --resume --out RUN` needs none")
        _import_keras(backend)
        with _stoppable():
            run = _resumed(out, tensorboard)
        _report(run, as_json)
        return
    found = _recipe(recipe, backend)
    kinds = {name: task.kind for name, task in found.recipe.outputs.items()} if found else {}
    rows = load_rows(manifest, columns, target or list(kinds), group, kinds)
    _import_keras(backend)
    from mmkeras import Training, fit
    from mmkeras.settings import changed
    from mmkeras.starting import start

    training = _seeded(found.training if found else Training(), seed, settings)
    learn, choose, _ = rows.split(training.seed)
    begun = start(learn, found.recipe if found else None, exact=found is not None and found.exact)
    chosen, training = changed(begun, training, settings)
    if dry_run:
        _rehearse(chosen, training, (learn, choose), epochs, as_json)
        return
    more = _logs(out, tensorboard)
    with _stoppable():
        run = fit(chosen, learn, choose, epochs, out, training, more, resume, overwrite, teacher)
    _report(run, as_json)


class Start(NamedTuple):
    """What --recipe names; `exact` where all its inputs must be there, as in one's own file."""

    recipe: Recipe
    training: Training
    exact: bool


def _recipe(name: str | None, backend: str | None) -> Start | None:
    if name is None:
        return None
    if Path(name).suffix in (".yaml", ".yml", ".json") or Path(name).is_file():
        _import_keras(backend)  # its tables know the names that a file may have
        from mmkeras.recipe_file import load_recipe

        return Start(*load_recipe(name), exact=True)
    from mmkeras.recipes import RECIPES
    from mmkeras.training import Training
    from mmkeras_edge.inputs import pick

    return Start(pick(RECIPES, name, "recipe").recipe, Training(), exact=False)


def _import_keras(backend: str | None) -> None:
    from mmkeras.quiet import import_keras

    import_keras(backend)


def _seeded(training: Training, seed: int | None, settings: Sequence[str]) -> Training:
    if any(setting.replace(" ", "").startswith("training.seed=") for setting in settings):
        raise ValueError("say --seed N in place of --set training.seed: it also draws the split")
    return training if seed is None else replace(training, seed=seed)


def _resumed(out: Path | None, tensorboard: bool) -> Run:
    """The run in that folder, finished."""
    from mmkeras import load
    from mmkeras.run import ABOUT, CHECKPOINT
    from mmkeras.train import resume

    assert out is not None  # seen to by the verb
    if (out / ABOUT).is_file() and not (out / CHECKPOINT).is_dir():
        return load(out)
    return resume(out, _logs(out, tensorboard))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Ctrl-C keeps what `fit` says of it."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Stopped(str(stop) or "stopped") from stop


def _rehearse(
    recipe: Recipe,
    training: Training,
    rows: tuple[Manifest, Manifest],
    epochs: int,
    as_json: bool,
) -> None:
    from mmkeras.rehearsal import rehearse

    seen = rehearse(recipe, *rows, epochs, training)
    if as_json:
        print_json(seen.to_dict())
    else:
        print(seen, end="")


def _report(run: Run, as_json: bool) -> None:
    from mmkeras import evaluate

    print_evaluation(evaluate(run, run.rows("test")), as_json)
    hint(f"stored in {run.path}; next: mmkeras export {run.path} -o model.tflite", as_json)


def _check_logs(wanted: bool) -> None:
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise ImportError("--tensorboard wants the package: pip install tensorboard")


def _logs(out: Path | None, wanted: bool) -> list[Any]:
    """The callback that logs for TensorBoard, if wanted."""
    if not wanted or out is None:
        return []
    import keras

    from mmkeras.run import LOGS

    return [keras.callbacks.TensorBoard(out / LOGS, write_graph=False)]
