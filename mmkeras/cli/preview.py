"""`mmkeras preview`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmkeras.cli.begin import Asked, begin
from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
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
from mmkeras.cli.printing import print_json


def preview(
    manifest: Annotated[
        Path,
        typer.Argument(metavar="MANIFEST", help="A CSV, or a folder of `mmkeras prepare`."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture.")] = Path(
        "preview.png"
    ),
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
    rows: Annotated[int, typer.Option(min=1, max=40, help="How many samples.")] = 6,
    as_json: AsJson = False,
) -> None:
    """Draw training samples as a model sees them, varied as --set training.augment says."""
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    asked = Asked(manifest, columns, target, group, column, strict, recipe, settings, seed, None)
    from mmkeras.shards.opening import is_prepared

    if is_prepared(manifest):
        data, _, training = begin_stored(asked)
        data = data.split(training.seed)[0]
    else:
        import numpy as np

        whole, chosen, training = begin(asked)
        from mmkeras.prepare import prepare
        from mmkeras.tokenizer import tokenizer_for

        learn = whole.split(training.seed)[0]
        some = np.linspace(0, len(learn) - 1, min(rows, len(learn))).astype(int)
        data = prepare(learn.rows(some), chosen, tokenizer_for(chosen, learn))
    from mmkeras.preview import draw_preview

    path = draw_preview(data, output, training, rows)
    if as_json:
        print_json({"picture": str(path), "rows": min(rows, len(data))})
    else:
        print(path)
