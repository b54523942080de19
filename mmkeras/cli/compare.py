"""`mmkeras compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from mmkeras.comparing import OnDevice


def compare(
    manifest: ManifestPath,
    out: Annotated[Path, typer.Option(help="Folder of all runs, the table and the picture.")],
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
    fusion: Annotated[
        str | None, typer.Option(metavar="A,B,C", help="Short for --vary fusion=A,B,C.")
    ] = None,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD=A,B,C",
            help="What differs, any field of --set; A;B where a value has commas; of several, "
            "every combination; repeatable.",
        ),
    ] = [],  # noqa: B006
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each.")] = 3,
    epochs: Epochs = 30,
    seed: Seed = None,
    backend: Backend = None,
    baselines: Annotated[
        bool, typer.Option(help="Train each input of the first one alone, too.")
    ] = True,
    device: Annotated[
        bool, typer.Option(help="Convert each, and time it on the device's runtime.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Train several recipes from several seeds: which is better, by how much, at what price.

    The same command goes on where it was stopped: what is finished in --out is not trained again.
    """
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    asked = Asked(manifest, columns, target, group, column, strict, recipe, settings, seed, backend)
    vary = [*([f"fusion={fusion}"] if fusion else []), *vary]
    rows, chosen, training = begin(asked)
    import mmkeras
    from mmkeras.space import grid, read_varied

    on_device = _device_figures(as_json) if device else None
    recipes = grid(chosen, training, read_varied(vary)) if vary else {"all inputs": chosen}
    with stoppable():
        found = mmkeras.compare(recipes, rows, seeds, epochs, out, training, baselines, on_device)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found, end="")
    hint(f"stored in {out}: compare.png, compare.csv, compare.json and the runs", as_json)


def _device_figures(as_json: bool) -> OnDevice | None:
    """What measures on the device; None where Keras does not run on TensorFlow, which converts."""
    import keras

    from mmkeras_export import device_figures

    if keras.backend.backend() == "tensorflow":
        return device_figures
    hint("no sizes and times: TensorFlow converts; --backend tensorflow adds them after", as_json)
    return None
