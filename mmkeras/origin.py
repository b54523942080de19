"""Where the rows of a training came from, as plain data, and how to find them again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmkeras.manifest import Manifest, digest, load_manifest
from mmkeras.shards.opening import MANIFEST, is_prepared, manifest_in
from mmkeras.sources import arguments
from mmkeras.splits import SPLITS
from mmkeras_edge.inputs import pick

# path, sha256, inputs, kinds, targets, group and lines by split; "valid" has the first six of
# another manifest, where that is what the validation rows came from.
Origin = Mapping[str, Any]


def origin_of(train: Manifest, valid: Manifest) -> dict[str, Any]:
    """Of the rows learned from and chosen by; the rest of the manifest are the test rows."""
    other = {} if valid.path == train.path else {"valid": _described(valid)}
    return {
        **_described(train),
        **other,
        "lines": {"train": train.lines, "valid": valid.lines},
    }


def _described(rows: Manifest) -> dict[str, Any]:
    return {
        "path": str(rows.path),
        "sha256": digest(rows.path),
        "inputs": dict(rows.inputs),
        "kinds": dict(rows.kinds),
        "targets": {name: rows.kind_of(name) for name in rows.targets},
        "group": rows.group,
    }


def manifest_of(
    origin: Origin,
    path: str | os.PathLike[str] | None = None,
    strict: bool = False,
    skipped: str | os.PathLike[str] | None = None,
) -> Manifest:
    """The whole manifest, or another one with the same columns, read as `load_manifest` does."""
    source = Path(path or origin["path"])
    if source.name == MANIFEST and is_prepared(source.parent):
        return manifest_in(source.parent)  # the files of its rows need not be there
    columns = arguments(origin["inputs"], origin["kinds"])
    how: dict[str, Any] = {"strict": strict, "skipped": skipped}
    whole = load_manifest(source, targets=origin["targets"], **columns, **how)
    return replace(whole, group=_group(origin, whole))


def _group(origin: Origin, rows: Manifest) -> str | None:
    """The column of the groups, where these rows have it: another manifest need not."""
    group = origin["group"]
    return group if group in rows.table.columns else None


def rows_of(origin: Origin, split: str) -> Manifest:
    """Its "train", "valid" or "test" rows: what was learned from, chosen by, never seen.

    Raises ValueError when the manifest is another one by now.
    """
    pick(dict.fromkeys(SPLITS), split, "split")
    lines = dict(origin["lines"])
    if "valid" in origin:  # another manifest: none of its rows are missing in the first
        chosen_by = lines.pop("valid")
        if split == "valid":
            origin, lines = origin["valid"], {"valid": chosen_by}
    if digest(origin["path"]) != origin["sha256"]:
        raise ValueError(
            f"{origin['path']} has changed since the training; name the rows to use: "
            "a manifest of their own"
        )
    whole = manifest_of(origin)
    if split not in lines:
        lines = {split: set(whole.lines).difference(*lines.values())}
    if not lines[split]:
        raise ValueError(f"{origin['path']}: no {split} rows")
    return whole.on_lines(lines[split])
