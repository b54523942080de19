"""Arguments and options that several verbs share, and the rows that they name."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest


def _column(flag: str, what: str) -> Any:
    return typer.Option(flag, metavar="[NAME=]COLUMN", help=f"Column of {what}.")


ManifestPath = Annotated[Path, typer.Argument(metavar="MANIFEST", help="As `mmkeras check` takes.")]
RunPath = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")]
ImageColumn = Annotated[list[str], _column("--image", "picture files")]
TextColumn = Annotated[list[str], _column("--text", "texts")]
AudioColumn = Annotated[list[str], _column("--audio", "sound files")]
VideoColumn = Annotated[list[str], _column("--video", "film files")]
SensorColumn = Annotated[list[str], _column("--sensors", "recordings: CSV or .npy files")]
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
Roles = Annotated[
    list[str],
    typer.Option(
        "--column",
        metavar="COLUMN=ROLE",
        help="What a column is, and the others are found out: image, text, audio, video, sensor, "
        "table, the kind of a target, group, split, time or ignore; repeatable.",
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop at a row that cannot be used, which is otherwise left out and listed.",
    ),
]
RecipeName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME_OR_FILE",
        help="Where to start from: a name of `mmkeras recipes`, or a .yaml or .json file.",
    ),
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change the recipe or the training: fusion=gated, image=resnet50, "
        "image.size_px=96x96, text.length=32, optional=audio, width=64, label.threshold=0.4, "
        "training.learning_rate=1e-3, ...; repeatable.",
    ),
]
Epochs = Annotated[int, typer.Option(min=1)]
Seed = Annotated[
    int | None, typer.Option(help="Of the split, the start, the order of the rows; usually 0.")
]
Backend = Annotated[
    str | None, typer.Option(help="tensorflow (usually) or jax; before KERAS_BACKEND.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Budget = Annotated[
    float,
    typer.Option(
        help="Accuracy that a smaller file may lose, 0 to 1; of a number's error, the share by "
        "which it may grow."
    ),
]


def load_rows(
    manifest: Path,
    columns: Mapping[str, Sequence[str]],
    target: Sequence[str],
    group: str | None,
    kinds: Mapping[str, str] | None = None,
    roles: Sequence[str] = (),
    strict: bool = False,
) -> Manifest:
    """The rows of a manifest, by what the options say of its columns; if nothing, found out.

    `kinds` has those of targets that are named without; "classify" for others. Rows that are left
    out are listed in a file beside the manifest.
    """
    from mmkeras.manifest import load_manifest

    usual = kinds or {}
    targets = {}
    for said in target:
        column, colon, kind = said.rpartition(":")
        name = column if colon else said
        targets[name] = kind if colon else usual.get(name, "classify")
    given: dict[str, Any] = {option: named_columns(option, of) for option, of in columns.items()}
    data = load_manifest(
        manifest,
        targets=targets or None,
        group=group,
        strict=strict,
        columns=dict(role.partition("=")[::2] for role in roles) or None,
        skipped=listed(manifest),
        **given,
    )
    if data.roles is not None:
        print(data.roles, file=sys.stderr)
    return data


def listed(manifest: Path) -> Path:
    """Where the rows of a manifest that are left out are listed."""
    return manifest.with_name(f"{manifest.stem}.skipped.csv")


def named_columns(option: str, columns: Sequence[str]) -> Any:
    """One column, or several by name; the fields of a table are one input."""
    if not columns:
        return None
    if option == "table":
        return tuple(columns)
    if len(columns) == 1 and "=" not in columns[0]:
        return columns[0]
    named = dict(column.partition("=")[::2] for column in columns)
    if len(named) < len(columns) or not all(named.values()):
        raise ValueError(
            f"--{option}: of several columns, each wants a name of its own: "
            f"--{option} left=COLUMN --{option} right=COLUMN. Received: {', '.join(columns)}"
        )
    return named
