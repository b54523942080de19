"""`mmkeras prepare`, `mmkeras merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmkeras.cli.begin import Asked, begin, stoppable
from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    Group,
    ImageColumn,
    ManifestPath,
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
from mmkeras.cli.printing import hint, print_json

if TYPE_CHECKING:
    from mmkeras.prepared import Prepared
    from mmkeras.recipe import Recipe
    from mmkeras.training import Training


def prepare(
    manifest: ManifestPath,
    out: Annotated[Path, typer.Option(help="The folder for the prepared rows.")],
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
    seed: Seed = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option(help="A tokenizer.json; without, one is trained on the training rows."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; usually one a core.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="local, or ray: the cluster of RAY_ADDRESS, else one here.")
    ] = "local",
    part: Annotated[
        str,
        typer.Option(
            metavar="I/N", help="Only every Nth shard from the Ith on; `mmkeras merge` joins them."
        ),
    ] = "1/1",
    as_json: AsJson = False,
) -> None:
    """Decode every row once, into shards that a training reads; goes on where it was stopped, and
    redoes what has changed."""
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    asked = Asked(manifest, columns, target, group, column, strict, recipe, settings, seed, None)
    rows, chosen, training = begin(asked)
    from mmkeras.shards.storing import Work, prepare_to

    content = None if tokenizer is None else tokenizer.read_text(encoding="utf-8")
    work = Work(workers, engine, _part(part))
    with stoppable():
        prepare_to(rows, out, chosen, content, training.seed, work)
    _say(out, as_json)


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Prepared folders.")],
    out: Annotated[Path, typer.Option(help="The folder for all their rows.")],
    as_json: AsJson = False,
) -> None:
    """Join prepared folders: the parts of one manifest, or several with the same recipe."""
    from mmkeras.shards.merging import merge as merged

    merged(folders, out)
    _say(out, as_json)


def begin_stored(asked: Asked) -> tuple[Prepared, Recipe, Training]:
    """What a training of prepared rows begins with: their recipe, with the changes asked for."""
    from mmkeras.cli.begin import import_keras, seeded

    decided = (*asked.columns.values(), asked.target, asked.group, asked.column, asked.recipe)
    if any(decided) or asked.strict:
        raise ValueError(
            f"{asked.manifest} is prepared: its columns, targets, rows and recipe are decided; "
            "change the recipe by --set, or prepare anew"
        )
    import_keras(asked.backend)
    from mmkeras.settings import changed
    from mmkeras.shards.opening import open_prepared
    from mmkeras.training import Training

    data = open_prepared(asked.manifest)
    training = seeded(Training(), asked.seed, asked.settings)
    recipe, training = changed(data.recipe, training, asked.settings)
    return data.narrowed(recipe), recipe, training


def _part(said: str) -> tuple[int, int]:
    i, slash, n = said.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal()):
        raise ValueError(f"--part {said}: wanted I/N, as 2/4")
    return int(i), int(n)


def _say(out: Path, as_json: bool) -> None:
    from mmkeras.shards.opening import SKIPPED, read_index

    index = read_index(out)
    figures = {
        "rows": index["rows"],
        "skipped": index["skipped"],
        "shards": len(index["shards"]),
        "mb": round(sum(shard["bytes"] for shard in index["shards"]) / 2**20, 1),
    }
    if as_json:
        print_json(figures)
        return
    print(f"{figures['rows']:,} rows in {figures['shards']:,} shards, {figures['mb']:,} MB")
    if index["skipped"]:
        print(f"rows left out: {index['skipped']:,}, listed in {out / SKIPPED}")
    hint(f"next: mmkeras train {out} --out RUN", as_json)
