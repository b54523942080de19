"""`mmkeras split`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from mmkeras.cli.printing import print_json

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest


def split(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="As `mmkeras check` takes.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The new manifest.")],
    how: Annotated[
        str, typer.Option(help="stratified (by classes), random, time or column.")
    ] = "stratified",
    by: Annotated[
        str | None,
        typer.Option(help="The column of times, or of splits; a column of times is found out."),
    ] = None,
    part: Annotated[
        list[str],
        typer.Option(metavar="VALUE=SPLIT", help="What a value of that column means; repeatable."),
    ] = [],  # noqa: B006  Typer copies it
    shares: Annotated[str, typer.Option(help="Of train, valid and test.")] = "70,10,20",
    folds: Annotated[
        int | None, typer.Option(min=2, help="Store so many folds as well, for train --folds.")
    ] = None,
    seed: Annotated[int, typer.Option()] = 0,
    image: ImageColumn = [],  # noqa: B006
    text: TextColumn = [],  # noqa: B006
    audio: AudioColumn = [],  # noqa: B006
    video: VideoColumn = [],  # noqa: B006
    sensors: SensorColumn = [],  # noqa: B006
    table: TableColumns = [],  # noqa: B006
    target: Targets = [],  # noqa: B006
    group: Group = None,
    column: Roles = [],  # noqa: B006
    strict: Strict = False,
    as_json: AsJson = False,
) -> None:
    """Write a manifest with a column `split`, which every training and evaluation then uses."""
    columns = {"image": image, "text": text, "audio": audio, "video": video}
    columns |= {"sensors": sensors, "table": table}
    rows = load_rows(manifest, columns, target, group, roles=column, strict=strict)
    if out.exists():
        raise FileExistsError(f"{str(out)!r} exists, and nothing is written over; name another")
    if how == "time" and by is None and rows.roles is not None:
        by = next(iter(rows.roles.of("time")), None)
    parts = dict(each.partition("=")[::2] for each in part)
    made = rows.with_split(seed, how, by, _numbers(shares), parts)
    if folds is not None:
        made = made.with_folds(folds, seed)
    made.save(out)
    found = _counted(made)
    if as_json:
        print_json({"manifest": str(out), "rows": found})
        return
    for name, counts in found.items():
        classes = ", ".join(f"{label} {count}" for label, count in counts.items())
        print(f"{name:6} {sum(counts.values()):6}  {classes}")
    print(out)


def _numbers(shares: str) -> Sequence[float]:
    try:
        return [float(share) for share in shares.split(",")]
    except ValueError as error:
        raise ValueError(f"--shares: wanted three numbers, as 70,10,20: {error}") from error


def _counted(made: Manifest) -> dict[str, dict[str, int]]:
    """Rows by split and label of the first target; of numbers all together."""
    from mmkeras.splits import SPLITS
    from mmkeras.targets import LABELS

    first = next(iter(made.targets), None)
    known = first is not None and made.kind_of(first) in LABELS
    labels = made.cells(str(first)) if known else ["rows"] * len(made)
    splits = list(made.table["split"])
    return {
        name: dict(
            sorted(Counter(la for la, of in zip(labels, splits, strict=True) if of == name).items())
        )
        for name in SPLITS
    }
