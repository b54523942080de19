"""`load_manifest`: reads the rows, names their columns, leaves out what cannot be used."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmkeras.manifest.cells import NANS
from mmkeras.manifest.checking import drop, problems_in
from mmkeras.manifest.frames import (
    ROWS,
    is_dataset,
    is_frame,
    read_dataset,
    read_frame,
    read_parquet,
)
from mmkeras.manifest.roles import Roles, find_roles
from mmkeras.manifest.rows import Manifest
from mmkeras.manifest.sheet import Sheet
from mmkeras.manifest.text_files import read_csv, read_jsonl, read_tsv
from mmkeras.manifest.tree import read_tree
from mmkeras.manifest.writing import write_problems, write_rows
from mmkeras.sources import FILES, Columns, named_columns
from mmkeras.splits import split_named
from mmkeras.tasks import TASKS
from mmkeras_edge.inputs import pick

READERS: dict[str, Callable[[Path], Sheet]] = {  # by what the file is called; others are CSV
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}


def load_manifest(
    source: Any,
    image: str | Mapping[str, Columns] | None = None,
    text: str | Mapping[str, str] | None = None,
    audio: str | Mapping[str, str] | None = None,
    targets: Mapping[str, str] | None = None,
    group: str | None = None,
    strict: bool = False,
    video: str | Mapping[str, str] | None = None,
    sensors: str | Mapping[str, str] | None = None,
    table: Columns | Mapping[str, Columns] | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    out: str | os.PathLike[str] | None = None,
    skipped: str | os.PathLike[str] | None = None,
) -> Manifest:
    """Rows from a CSV, TSV, JSON Lines or Parquet file, a folder with a folder for each class, a
    pandas DataFrame, or a `datasets.Dataset` or a dict of them by split.

    Each modality is given as the name of its column. Several inputs of one modality are a dict of
    their names: `image={"left": "left_png", "right": "right_png"}`. A table takes the columns of
    its fields, `table=("age", "hand")`, which keep their names; a picture seen from several sides
    the columns of its views, `image={"product": ("front", "side")}`, all or none of them empty.

    `targets` maps a column to the kind of its task: "classify", "binary", "multilabel" ("cat|dog",
    "|" for none), "ordinal", "regress", "gaussian", "count" or "quantiles". `group` is the column
    whose rows must stay in one split, an empty cell is a group of its own. Without any of these,
    what the columns are is found out: `print(data.roles)` shows it, `columns` says otherwise, as
    `columns={"age": "regress", "id": "ignore"}`.

    An empty cell, or NaN but in a text, is an absent modality or a label that is not known.
    Paths are relative to the manifest, those of a DataFrame to the folder in which Python runs. A
    row without any label, with one that cannot be, or whose file is missing is left out, listed in
    `problems` and warned of, as are those that a training then cannot read; with `strict` both are
    an error. The file `skipped` lists both. What a source holds as bytes is written into the folder
    `out`, with the rows as a CSV.
    """
    sheet = read_sheet(source, None if out is None else Path(out))
    named: dict[str, Any] = {"image": image, "text": text, "audio": audio, "video": video}
    named |= {"sensor": sensors, "table": table}
    given = any(of is not None for of in (*named.values(), targets, group))
    if given and columns:
        raise ValueError("either columns=, with the others found out, or image=, text= and so on")
    roles = None if given else find_roles(sheet, columns)
    if roles is not None:
        found = roles.arguments()
        named = {kind: found.get("sensors" if kind == "sensor" else kind) for kind in named}
        targets, group = found["targets"], found["group"]
    inputs, kinds = named_columns(named)
    if not inputs:
        shown = f"\n{roles}" if roles else ""
        raise ValueError(
            "name the column of at least one of image=, text=, audio=, video=, sensors=, table="
            + shown
        )
    for target, task in (targets or {}).items():
        pick(TASKS, task, f"task of target {target!r}:")
    manifest = Manifest(
        sheet.path,
        sheet.table,
        inputs,
        kinds,
        targets={target: target for target in targets or {}},
        group=group,
        tasks={target: kind for target, kind in (targets or {}).items() if kind != "classify"},
        roles=roles,
        skipped=None if skipped is None else Path(skipped),
        strict=strict,
    )
    return _checked(manifest, sheet)


def find_columns(
    source: Any, columns: Mapping[str, str] | None = None, out: str | os.PathLike[str] | None = None
) -> Roles:
    """What `load_manifest` would take the columns of a source for; printed, it is a table."""
    return find_roles(read_sheet(source, None if out is None else Path(out)), columns)


def read_sheet(source: Any, out: Path | None = None) -> Sheet:
    """The rows of any source as text cells. Raises FileNotFoundError for a path without a file."""
    if is_frame(source) or is_dataset(source):
        sheet = read_frame(source, Path()) if is_frame(source) else read_dataset(source, out)
        return sheet if out is None else _stored(sheet, out)
    path = Path(source)
    if path.is_dir():
        return read_tree(path)
    if not path.is_file():
        if re.match(r"\w\w+:/", str(path)):  # of a Path, whose two slashes became one
            raise FileNotFoundError(f"{str(source)!r} is an address; fetch it, and give its path")
        raise FileNotFoundError(
            f"no manifest {str(path)!r}; give the path of a CSV with a header, of a .tsv, .jsonl "
            "or .parquet, or of a folder with a folder for each class"
        )
    if path.suffix.lower() != ".parquet":
        return READERS.get(path.suffix.lower(), read_csv)(path)
    sheet = read_parquet(path, out)
    return sheet if out is None else _stored(sheet, out)


def _stored(sheet: Sheet, out: Path) -> Sheet:
    """The same rows as a file that a run can find again."""
    path = out.absolute() / ROWS
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(sheet.table, path)
    table = sheet.table.set_axis(range(2, len(sheet.table) + 2), axis=0).rename_axis("line")
    moved = [dataclasses.replace(each, line=each.line + 1) for each in sheet.problems]
    return dataclasses.replace(sheet, path=path, table=table, problems=tuple(moved))


def _checked(manifest: Manifest, sheet: Sheet) -> Manifest:
    named = [column for name in manifest.inputs for column in manifest.columns(name)]
    for column in [*named, *manifest.targets, *([manifest.group] if manifest.group else [])]:
        pick(dict.fromkeys(sheet.table.columns), column, f"column of {manifest.path}:")
    manifest = dataclasses.replace(manifest, table=_without_nans(manifest))
    unread = {problem.line for problem in sheet.problems}  # what lacks there follows from that
    problems = [*sheet.problems, *(p for p in problems_in(manifest) if p.line not in unread)]
    if manifest.skipped is not None and manifest.skipped.is_file():
        write_problems((), manifest.skipped)  # those of another time
    return drop(manifest, problems)


def _without_nans(manifest: Manifest) -> Any:
    """The table with NaN as an empty cell, and splits as we call them.

    Not in texts, where it may be a word, nor in a table's fields, whose reader knows it.
    """
    kept = {
        column
        for name in manifest.inputs
        if manifest.kinds[name] not in FILES
        for column in manifest.columns(name)
    }
    table = manifest.table
    for column in table.columns:
        if column not in kept and table[column].isin(NANS).any():
            table = table.assign(**{column: table[column].mask(table[column].isin(NANS), "")})
    if "split" in table:
        table = table.assign(
            split=[split_named(cell) or cell for cell in table["split"].to_numpy(object)]
        )
    return table
