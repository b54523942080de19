"""`mmkeras check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from mmkeras.cli.printing import print_json


def check(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A CSV with a header.")],
    image: ImageColumn = [],  # noqa: B006  Typer copies it
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    table: TableColumns = [],  # noqa: B006
    target: Targets = [],  # noqa: B006
    group: Group = None,
    as_json: AsJson = False,
) -> None:
    """Read every row as a training would; list what is wrong with its line. Exit code 1 if any."""
    from mmkeras.inspection import inspect

    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    found = inspect(load_rows(manifest, columns, target, group))
    if as_json:
        print_json(found.to_dict())
    else:
        print(found)
    raise typer.Exit(1 if found.problems else 0)
