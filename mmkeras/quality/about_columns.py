"""Findings of whole columns: values that never change, groups that a stored split parts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mmkeras.manifest import Manifest
from mmkeras.modalities import SLIPS
from mmkeras.quality.finding import Finding, finding
from mmkeras_edge.table import is_missing


def constant_columns(manifest: Manifest) -> Iterator[Finding]:
    """Inputs and targets with the same value in every row that has one."""
    inputs = [column for name in manifest.inputs for column in manifest.columns(name)]
    for column in [*inputs, *manifest.targets.values()]:
        cells = manifest.table[column]
        there = cells[cells != ""]
        if len(there) > 1 and there.nunique() == 1:
            value = there.iloc[0]
            shown = value if len(value) < 40 else f"{value[:39]}…"
            yield finding("constant", column, there.index, f"always {shown!r}")


def parted_groups(manifest: Manifest) -> Iterator[Finding]:
    """Groups whose rows are in several of the stored splits."""
    if not manifest.group or "split" not in manifest.table:
        return
    table = manifest.table[manifest.table[manifest.group] != ""]
    splits = table.groupby(manifest.group)["split"].transform("nunique")
    lines = table.index[splits > 1]
    if len(lines):
        names = table.loc[lines, manifest.group].unique()
        yield finding("group_across_splits", manifest.group, lines, ", ".join(names[:9]))


def slips(manifest: Manifest) -> Iterator[Finding]:
    """Words in fields of a table that are numbers elsewhere, as `Table.of` refuses them."""
    for name, kind in manifest.kinds.items():
        for column in manifest.columns(name) if kind == "table" else ():
            cells = manifest.table[column]
            there = cells[~cells.map(is_missing).astype(bool)]
            words = there[~there.map(_is_number).astype(bool)]
            if 0 < len(words) < SLIPS * len(there):
                details = {int(line): f"{word!r} is no number" for line, word in words.items()}
                cells_then = dict.fromkeys(details, "")
                yield finding("slip", column, words.index, details=details, cells=cells_then)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False
