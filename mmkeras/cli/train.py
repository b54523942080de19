"""`mmkeras train`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmkeras.cli.begin import Asked, begin, import_keras, stoppable
from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    Backend,
    Epochs,
    Group,
    ImageColumn,
    RecipeName,
    Roles,
    Seed,
    SensorColumn,
    Settings,
    Strict,
    TableColumns,
    Targets,
    TextColumn,
    VideoColumn,
)
from mmkeras.cli.prepare import begin_stored
from mmkeras.cli.printing import hint, print_evaluation, print_json

if TYPE_CHECKING:
    from mmkeras.recipe import Recipe
    from mmkeras.run import Run
    from mmkeras.train import Rows
    from mmkeras.training import Training


WITHOUT_ROWS = {"out", "resume", "backend", "tensorboard", "as_json"}  # options that need none


def train(
    context: typer.Context,
    manifest: Annotated[
        Path | None,
        typer.Argument(
            metavar="MANIFEST",
            help="As `mmkeras check` takes, or a folder of `mmkeras prepare`.",
        ),
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
    column: Roles = [],  # noqa: B006
    strict: Strict = False,
    recipe: RecipeName = None,
    settings: Settings = [],  # noqa: B006
    epochs: Epochs = 30,
    seed: Seed = None,
    precision: Annotated[
        str | None, typer.Option(help="float32 (usually), mixed_float16 or mixed_bfloat16.")
    ] = None,
    backend: Backend = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2, help="Train so many times, each on the other folds, and report mean and spread."
        ),
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
        if not resume or _given(context) - WITHOUT_ROWS:
            raise ValueError("give a MANIFEST; only `mmkeras train --resume --out RUN` needs none")
        import_keras(backend)
        with stoppable():
            run = _resumed(out, tensorboard)
        _report(run, as_json)
        return
    asked = Asked(manifest, columns, target, group, column, strict, recipe, settings, seed, backend)
    if folds is not None:
        if teacher or tensorboard or dry_run or overwrite:
            raise ValueError("--folds takes no --teacher, --tensorboard, --dry-run, --overwrite")
        with stoppable():
            _cross_validate(asked, folds, epochs, out, as_json)
        return
    learn, choose, chosen, training = _begun(asked)
    if dry_run:
        _rehearse(chosen, training, (learn, choose), epochs, as_json)
        return
    from mmkeras import fit

    more = _logs(out, tensorboard)
    with stoppable():
        run = fit(chosen, learn, choose, epochs, out, training, more, resume, overwrite, teacher)
    _report(run, as_json)


def _begun(asked: Asked) -> tuple[Rows, Rows, Recipe, Training]:
    """The rows to learn from and to choose by, of a manifest or of a prepared folder."""
    from mmkeras.shards.opening import is_prepared

    if is_prepared(asked.manifest):
        data, recipe, training = begin_stored(asked)
        return (*data.split(training.seed)[:2], recipe, training)
    rows, recipe, training = begin(asked)
    return (*rows.split(training.seed)[:2], recipe, training)


def _given(context: typer.Context) -> set[str]:
    """The parameters that are not as usual: they were given."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, of in sources.items() if of is not None and of.name != "DEFAULT"}


def _resumed(out: Path | None, tensorboard: bool) -> Run:
    """The run in that folder, finished."""
    from mmkeras import load
    from mmkeras.folder import ABOUT, settle
    from mmkeras.train import resume
    from mmkeras.unfinished import Unfinished

    assert out is not None  # seen to by the verb
    settle(out)
    finished = (out / ABOUT).is_file() and not Unfinished.of(out).planned
    return load(out) if finished else resume(out, _logs(out, tensorboard))


def _rehearse(
    recipe: Recipe,
    training: Training,
    rows: tuple[Rows, Rows],
    epochs: int,
    as_json: bool,
) -> None:
    from mmkeras.rehearsal import rehearse

    seen = rehearse(recipe, *rows, epochs, training)
    if as_json:
        print_json(seen.to_dict())
    else:
        print(seen, end="")


def _cross_validate(asked: Asked, folds: int, epochs: int, out: Any, as_json: bool) -> None:
    rows, recipe, training = begin(asked, whole=True)
    from mmkeras import cross_validate

    found = cross_validate(recipe, rows, folds, epochs, out, training)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found, end="")
    hint(f"stored in {out}", as_json)


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

    from mmkeras.folder import LOGS

    return [keras.callbacks.TensorBoard(out / LOGS, write_graph=False)]
