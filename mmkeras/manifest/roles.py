"""What the columns of a source are, found out from names and cells; a guess, shown and mended.

A role is a kind of input ("image", "text", "table", ...), the kind of a task ("classify",
"regress", ...), "group", "split", "time" or "ignore".
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.manifest.cells import NANS
from mmkeras.manifest.kinds import kind_of_content, kind_of_name
from mmkeras.manifest.sheet import Sheet
from mmkeras.sources import ARGUMENTS
from mmkeras.splits import split_named
from mmkeras.targets import SEPARATOR, labels_in
from mmkeras.tasks import TASKS
from mmkeras_edge.inputs import pick

OTHERS = ("group", "split", "time", "ignore")
ROLES = (*ARGUMENTS, *TASKS, *OTHERS)
LOOKED_AT = 500  # cells of a column, spread over the file
MOST = 0.9  # share of them that makes a column one of files, or of numbers
FEW_VALUES = 100  # that are still classes, and no more than a fifth of the rows
WORDS = 3  # of a label, at most
TARGETS = ("label", "class", "category", "target", "y", "species", "diagnosis", "outcome", "answer")
GROUPS = ("group", "person", "subject", "speaker", "patient", "user", "session", "participant")
TIMES = ("date", "time", "timestamp", "datetime", "day", "created", "recorded", "year")
IDS = ("id", "uuid", "index", "key", "name", "filename", "unnamed: 0")


@dataclass(frozen=True)
class Role:
    """What a column is taken for, why, and some of its cells."""

    column: str
    role: str
    why: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Roles:
    """What the columns are taken for; printed, it is a table."""

    columns: tuple[Role, ...]

    def __str__(self) -> str:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title="what the columns were taken for", title_justify="left")
        for title in ("column", "role", "why", "examples"):
            table.add_column(title, overflow="fold")
        for of in self.columns:
            examples = ", ".join(
                each if len(each) < 24 else each[:23] + "…" for each in of.examples
            )
            table.add_row(*(Text(cell) for cell in (of.column, of.role, of.why, examples)))
        text = io.StringIO()
        Console(file=text, width=100, force_jupyter=False, force_terminal=False).print(table)
        cure = "load_manifest(..., columns={COLUMN: ROLE}) or --column COLUMN=ROLE says otherwise"
        return f"{text.getvalue()}{cure}; roles: {', '.join(ROLES)}"

    def of(self, *roles: str) -> list[str]:
        """The columns with one of these roles."""
        return [each.column for each in self.columns if each.role in roles]

    def arguments(self) -> dict[str, Any]:
        """The arguments of `load_manifest` that say the same."""
        given: dict[str, Any] = {}
        for kind, argument in ARGUMENTS.items():
            columns = self.of(kind)
            if kind == "table" and columns:
                given[argument] = tuple(columns)
            elif len(columns) == 1:
                given[argument] = columns[0]
            elif columns:
                given[argument] = {column: column for column in columns}
        targets = {each.column: each.role for each in self.columns if each.role in TASKS}
        groups = self.of("group")
        return {**given, "targets": targets, "group": groups[0] if groups else None}


def find_roles(sheet: Sheet, said: Mapping[str, str] | None = None) -> Roles:
    """The role of each column: as said, as the source itself says, or as names and cells look.

    Without a column that is named like a target, the last with few different words is it. Raises
    ValueError for a column or a role that there is not.
    """
    said = dict(said or {})
    for column, role in said.items():
        pick(dict.fromkeys(sheet.table.columns), column, f"column of {sheet.path}:")
        pick(dict.fromkeys(ROLES), role, f"role of column {column!r}:")
    found = {}
    for column in sheet.table.columns:
        cells = _some([c for c in sheet.table[column].to_numpy(object) if c and c not in NANS])
        role, why = _role(column, cells, sheet)
        if column in sheet.roles:
            role, why = sheet.roles[column], "as the source says"
        if column in said:
            role, why = said[column], "as you said"
        found[column] = Role(column, role, why, tuple(dict.fromkeys(cells))[:3])
    return Roles(tuple(_with_target(found).values()))


def _some(cells: Sequence[str]) -> list[str]:
    step = max(len(cells) // LOOKED_AT, 1)
    return list(cells[::step])


def _role(column: str, cells: Sequence[str], sheet: Sheet) -> tuple[str, str]:
    name = column.strip().lower()
    if not cells:
        return "ignore", "empty"
    if name == "split" or (name in ("set", "subset", "partition") and all(map(split_named, cells))):
        return "split", "its name"
    kind = _kind_of_files(cells, sheet.path.parent)
    if kind:
        return kind, "names of files"
    if _named(name, GROUPS):
        return "group", "its name"
    if _named(name, TIMES):
        return "time", "its name"
    values = Counter(cells)
    numbers = sum(map(_is_number, cells)) >= MOST * len(cells)
    short = max(len(cell.split()) for cell in cells) <= WORDS
    if _named(name, TARGETS) and (numbers or short or _are_lists(cells)):  # no sentences
        return _target(cells, values, numbers), "its name"
    if len(values) == len(cells) and len(cells) > 20 and (_named(name, IDS) or _are_codes(cells)):
        return "ignore", "each cell once, and no sentences"
    if numbers:
        return "table", "numbers"
    if _are_classes(cells, values):
        return "table", f"{len(values)} different values"
    if len(cells) > 20 and not any(" " in cell for cell in cells) and cells[0].isascii():
        return "table", f"{len(values)} different words"
    return "text", "sentences"


def _named(name: str, names: Sequence[str]) -> bool:
    parts = name.replace("-", "_").replace(" ", "_").split("_")
    return name in names or parts[-1] in names or parts[0] in names


def _target(cells: Sequence[str], values: Mapping[str, int], numbers: bool) -> str:
    if numbers:
        whole = all(cell.strip().lstrip("-").isdigit() for cell in cells)
        return "classify" if whole and len(values) <= 20 else "regress"
    return "multilabel" if _are_lists(cells) else "classify"


def _are_lists(cells: Sequence[str]) -> bool:
    """Whether they hold several labels each: "cat|dog"."""
    if not any(SEPARATOR in cell for cell in cells):
        return False
    labels = {label for cell in cells for label in labels_in(cell, "multilabel")}
    return len(labels) <= FEW_VALUES


def _are_classes(cells: Sequence[str], values: Mapping[str, int]) -> bool:
    words = max(len(cell.split()) for cell in values)
    return 1 < len(values) <= min(FEW_VALUES, max(len(cells) / 5, 3)) and words <= WORDS


def _are_codes(cells: Sequence[str]) -> bool:
    return all(" " not in cell and any(map(str.isdigit, cell)) for cell in cells) and not all(
        map(_is_number, cells)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _kind_of_files(cells: Sequence[str], folder: Path) -> str | None:
    """What most of the cells name, by their endings, or else by how the files begin."""
    kinds = Counter(map(kind_of_name, cells))
    kind, count = kinds.most_common(1)[0]
    if kind and count >= MOST * len(cells):
        return kind
    if any(" " in cell for cell in cells[:5]):
        return None
    begun = Counter(_kind_there(os.path.join(folder, cell)) for cell in cells[:20])
    kind, count = begun.most_common(1)[0]
    return kind if kind and count >= MOST * min(len(cells), 20) else None


def _kind_there(path: str) -> str | None:
    if os.path.isdir(path):  # of frames
        return "video" if any(kind_of_name(n) == "image" for n in os.listdir(path)[:20]) else None
    try:
        with open(path, "rb") as file:
            known = kind_of_content(file.read(16))
    except (OSError, ValueError):  # ValueError: a cell with a zero byte
        return None
    return known[0] if known else None


def _with_target(found: dict[str, Role]) -> dict[str, Role]:
    """Where none is named like one, the last column of few words becomes the target."""
    if any(each.role in TASKS for each in found.values()):
        return found
    for column, each in reversed(found.items()):
        if each.role == "table" and each.why.endswith("values"):
            why = f"the last with few words, {each.why}"
            return {**found, column: Role(column, "classify", why, each.examples)}
    return found
