"""`mmkeras search`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.begin import Asked, begin, stoppable
from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    Backend,
    Epochs,
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


def search(
    manifest: ManifestPath,
    out: Annotated[Path, typer.Option(help="Folder of all trials.")],
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
    space: Annotated[
        Path | None,
        typer.Option(
            help="YAML or JSON: FIELD: [A, B, C], or FIELD: {min: 1e-4, max: 1e-2, log: true}."
        ),
    ] = None,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD=A,B,C",
            help="The same here: FIELD=A,B,C or FIELD=1e-4..1e-2:log, any field of --set; "
            "repeatable.",
        ),
    ] = [],  # noqa: B006
    oracle: Annotated[str, typer.Option(help="bayesian, random or hyperband.")] = "bayesian",
    trials: Annotated[int, typer.Option(min=1, help="How many to train.")] = 20,
    epochs: Epochs = 30,
    seed: Seed = None,
    backend: Backend = None,
    as_json: AsJson = False,
) -> None:
    """Look for the recipe and the training that do best on the validation rows.

    The same command goes on where it was stopped, also with more --trials.
    """
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    asked = Asked(manifest, columns, target, group, column, strict, recipe, settings, seed, backend)
    rows, chosen, training = begin(asked)
    import mmkeras
    from mmkeras.searching import BEST
    from mmkeras.space import read_space, read_varied

    fields = {**(read_space(space) if space else {}), **read_varied(vary)}
    with stoppable():
        found = mmkeras.search(chosen, rows, fields, trials, epochs, out, training, oracle)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found, end="")
    run = out / f"trial-{found.best.number}"
    hint(
        f"the best run is {run}, judged on rows that it never saw by mmkeras evaluate {run}; "
        f"train it again: mmkeras train MANIFEST ... --recipe {out / BEST} --out RUN",
        as_json,
    )
