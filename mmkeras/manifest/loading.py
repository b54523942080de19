"""`load_manifest`: reads the rows, names their columns, leaves out what cannot be used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mmkeras.manifest.checking import drop, problems_in
from mmkeras.manifest.reading import read_table
from mmkeras.manifest.rows import Manifest
from mmkeras.sources import ARGUMENTS, Columns, named_columns
from mmkeras.tasks import TASKS
from mmkeras_edge.inputs import pick


def load_manifest(
    source: str | os.PathLike[str],
    image: str | Mapping[str, Columns] | None = None,
    text: str | Mapping[str, str] | None = None,
    audio: str | Mapping[str, str] | None = None,
    targets: Mapping[str, str] | None = None,
    group: str | None = None,
    strict: bool = False,
    video: str | Mapping[str, str] | None = None,
    sensors: str | Mapping[str, str] | None = None,
    table: Columns | Mapping[str, Columns] | None = None,
) -> Manifest:
    """Reads a CSV with a header; each modality is given as the name of its column.

    Several inputs of one modality are a dict of their names: `image={"left": "left_png", "right":
    "right_png"}`. A table takes the columns of its fields, `table=("age", "hand")`, which keep
    their names; a picture seen from several sides the columns of its views, `image={"product":
    ("front", "side")}`, all or none of them empty.

    `targets` maps a column to the kind of its task: "classify", "binary", "multilabel" ("cat|dog",
    "|" for none), "ordinal", "regress", "gaussian", "count" or "quantiles"; an empty cell is a
    label that is not known. `group` is the column whose rows must stay in one split, an empty cell
    is a group of its own. Paths are relative to the manifest. A row without any label, with one
    that cannot be, or whose file is missing is left out, listed in `problems` and warned of; with
    `strict` it is an error.
    """
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"no manifest {str(path)!r}; give the path of a CSV with a header")
    rows, ragged = read_table(path)
    inputs, kinds = named_columns(
        {
            "image": image,
            "text": text,
            "audio": audio,
            "video": video,
            "sensor": sensors,
            "table": table,
        }
    )
    if not inputs:
        wanted = ", ".join(f"{argument}=" for argument in ARGUMENTS.values())
        raise ValueError(f"name the column of at least one of {wanted}")
    for target, task in (targets or {}).items():
        pick(TASKS, task, f"task of target {target!r}:")
    manifest = Manifest(
        path.absolute(),
        rows,
        inputs,
        kinds,
        targets={target: target for target in targets or {}},
        group=group,
        tasks={target: kind for target, kind in (targets or {}).items() if kind != "classify"},
    )
    named = [column for name in inputs for column in manifest.columns(name)]
    for column in [*named, *(targets or {}), *([group] if group else [])]:
        pick(dict.fromkeys(rows.columns), column, f"column of {path}:")
    problems = ragged + problems_in(manifest)
    if problems and strict:
        raise ValueError("\n".join(map(str, problems)))
    return drop(manifest, problems)
