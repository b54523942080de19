"""`mmkeras check`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from mmkeras.cli.options import (
    AsJson,
    AudioColumn,
    Group,
    ImageColumn,
    Roles,
    SensorColumn,
    Strict,
    TableColumns,
    Targets,
    TextColumn,
    VideoColumn,
    load_rows,
)
from mmkeras.cli.printing import hint, print_json


def check(
    manifest: Annotated[
        Path,
        typer.Argument(
            metavar="MANIFEST", help="CSV, TSV, JSON Lines, Parquet, or a folder of classes."
        ),
    ],
    image: ImageColumn = [],  # noqa: B006  Typer copies it
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    table: TableColumns = [],  # noqa: B006
    target: Targets = [],  # noqa: B006
    group: Group = None,
    column: Roles = [],  # noqa: B006
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a page with pictures.")
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what can be used, mended, as a new manifest; never the old."
        ),
    ] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Read every file as a training would; say what is wrong, where, and what to do about it.

    Without options the columns are found out, and the finding is shown. Exit code 1 if some row
    cannot be used.
    """
    from mmkeras import quality
    from mmkeras.quality.mending import mended_paths
    from mmkeras.quality.page import write_page

    if fix is not None:
        mended_paths(fix)  # before every file is read
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    rows = load_rows(manifest, columns, target, group, roles=column, strict=strict)
    with _bar() as progress:
        found = quality.check(rows, progress)
    if as_json:
        print_json(found.to_dict())
    else:
        from rich.console import Console

        from mmkeras.quality.screen import show

        show(found, Console())
    if html is not None:
        hint(f"{write_page(found, html)}: the report with pictures", as_json)
    if fix is not None:
        hint(str(quality.mend(found, fix)), as_json)
    raise typer.Exit(0 if found.passed else 1)


@contextmanager
def _bar() -> Iterator[Any]:
    """Told how far it is, draws it on a terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield None
        return
    shown = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*shown, console=console, transient=True) as bar:
        tasks: dict[str, Any] = {}

        def progress(done: int, count: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=count)
            if done == count or done % 16 == 0:
                bar.update(tasks[what], completed=done)

        yield progress
