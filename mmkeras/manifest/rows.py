"""A manifest: one row a sample, columns of files, texts and labels."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.manifest.problems import Problem
from mmkeras.manifest.roles import Roles
from mmkeras.manifest.splitting import Plan, split_names
from mmkeras.manifest.writing import write_rows
from mmkeras.sources import FILES, Columns, raw_source
from mmkeras.splits import SHARES, SPLITS, draw_folds
from mmkeras.targets import LABELS, classes_in, strata, task_for
from mmkeras.tasks import Task
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    import pandas as pd

FOLD = "fold"  # the column of stored folds


@dataclass(frozen=True)
class Manifest:
    """Rows and what their columns mean.

    `table` has one row a sample, its index is the line in the file; an empty cell is an absent
    modality, or a label that is not known. `inputs` is input name to column, or to the columns of a
    table's fields or of several views, `kinds` input name to modality, `targets` output name to
    column, `tasks` output name to the kind of its task, where that is not "classify". `problems`
    lists the rows that were left out, `roles` what the columns were taken for, if found out;
    the file `skipped` is to list what is left out, unless with `strict` it is an error.
    """

    path: Path
    table: pd.DataFrame
    inputs: Mapping[str, Columns]
    kinds: Mapping[str, str]
    targets: Mapping[str, str]
    group: str | None = None
    problems: tuple[Problem, ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)
    roles: Roles | None = None
    skipped: Path | None = None
    strict: bool = False

    def __len__(self) -> int:
        return len(self.table)

    def kind_of(self, target: str) -> str:
        """The kind of a target's task."""
        pick(self.targets, target, "target")
        return self.tasks.get(target, "classify")

    def cells(self, target: str) -> list[str]:
        """The labels of a target as they stand in the file, row by row."""
        return self.of_column(pick(self.targets, target, "target"))

    def of_column(self, column: str) -> list[str]:
        """The cells of any column of the file, row by row."""
        return self.table[column].to_numpy(object).tolist()  # by far quicker than list()

    def classes(self, target: str) -> tuple[str, ...]:
        """The labels of a target, sorted. Raises ValueError for one that is a number."""
        kind = self.kind_of(target)
        if kind not in LABELS:
            raise ValueError(f"target {target!r} is {kind}: it has numbers, no classes")
        return classes_in(self.cells(target), kind)

    def task(self, target: str) -> Task:
        """The task of a target, with the labels that its rows have.

        Raises ValueError for an ordinal one of words, whose order only you know.
        """
        return task_for(target, self.kind_of(target), self.cells(target))

    def strata(self, target: str | None = None) -> np.ndarray:
        """What to share rows out evenly by, a name a row; by default of the first target."""
        if not self.targets:
            raise ValueError(
                f"{self.path}: a split keeps the shares of classes; give targets=, or how='random'"
            )
        target = next(iter(self.targets)) if target is None else target
        return strata(self.cells(target), self.kind_of(target))

    def sources(self, position: int) -> dict[str, Any]:
        """The raw inputs of one row by name, None where absent; paths are absolute."""
        row = self.rows([position])
        return {name: row.column(name)[0] for name in self.inputs}

    def column(self, name: str) -> list[Any]:
        """The raw inputs of one name, row by row."""
        kind, columns, folder = self.kinds[name], self.inputs[name], self.path.parent
        return [raw_source(kind, columns, cells, folder) for cells in self.input_cells(name)]

    def columns(self, name: str) -> tuple[str, ...]:
        """The column of an input, or the columns of its fields or views."""
        columns = self.inputs[name]
        return (columns,) if isinstance(columns, str) else columns

    def input_cells(self, name: str) -> list[dict[str, str]]:
        """The cells of an input as they stand in the file, by column, row by row."""
        columns = self.columns(name)
        rows = zip(*map(self.of_column, columns), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]

    @property
    def lines(self) -> list[int]:
        """The line of each row in the file."""
        return [int(line) for line in self.table.index]

    def on_lines(self, lines: Iterable[int]) -> Manifest:
        """The same manifest with the rows on these lines."""
        return self.rows(np.flatnonzero(self.table.index.isin(list(lines))))

    def rows(self, positions: Iterable[int]) -> Manifest:
        """The same manifest with some of its rows."""
        return dataclasses.replace(self, table=self.table.iloc[list(positions)], problems=())

    @property
    def groups(self) -> list[str]:
        """The group of each row, whose rows stay in one split; "" is one of its own."""
        return self.of_column(self.group) if self.group else [""] * len(self)

    def split(
        self,
        seed: int = 0,
        how: str | None = None,
        by: str | None = None,
        shares: Sequence[float] = SHARES,
        parts: Mapping[str, str] | None = None,
    ) -> tuple[Manifest, Manifest, Manifest]:
        """Training, validation and test rows: 70, 10 and 20 percent, or other `shares`.

        A stored split (column `split`) is used as it stands, unless one says `how`. "stratified"
        keeps the shares of the classes of the first target, as well as groups allow: one with a
        single group is trained, one with two is tested too. "random" does not ask for classes,
        "time" trains on what is earliest `by` a column and tests on the latest, "column" takes what
        a column says, with `parts` for values that are not called train, valid or test. Rows of one
        group stay together in all of them.
        """
        if how is None and "split" in self.table:
            names = self.table["split"]
        else:
            names = split_names(self, Plan(how or "stratified", by, shares, parts or {}, seed))
        found = [self.rows(np.flatnonzero(names == name)) for name in SPLITS]
        for name, part in zip(SPLITS, found, strict=True):
            if not len(part):
                raise ValueError(f"{self.path}: no row falls into {name!r}; add rows or groups")
        for target in self.targets:
            if self.kind_of(target) not in LABELS:
                continue
            unseen = set(self.classes(target)) - set(found[0].classes(target))
            if unseen:
                raise ValueError(
                    f"{self.path}: {target} {', '.join(sorted(unseen))} never occurs in training; "
                    "add rows of it, or move some there in the column split"
                )
        return found[0], found[1], found[2]

    def with_split(
        self,
        seed: int = 0,
        how: str = "stratified",
        by: str | None = None,
        shares: Sequence[float] = SHARES,
        parts: Mapping[str, str] | None = None,
    ) -> Manifest:
        """The same manifest with the split as a column, so that saving it stores the split."""
        names = split_names(self, Plan(how, by, shares, parts or {}, seed))
        return dataclasses.replace(self, table=self.table.assign(split=names))

    def folds(self, count: int = 5, seed: int = 0) -> np.ndarray:
        """The fold of each row, 0 to count - 1: (rows,).

        A stored one (column `fold`) is used as it stands; otherwise rows of one group stay
        together, and each fold has its share of the classes of the first target. Raises ValueError
        for a column that is no such thing.
        """
        if FOLD not in self.table or FOLD in self.targets:
            return draw_folds(self.strata(), self.groups, [1 / count] * count, seed)
        wanted = {str(number) for number in range(count)}
        found = set(self.table[FOLD])
        if found != wanted:
            raise ValueError(
                f"{self.path}: the column {FOLD!r} has {', '.join(sorted(found)[:9])}, and {count} "
                f"folds are 0 to {count - 1}; rename it, or ask for as many folds as it has"
            )
        return self.table[FOLD].astype(int).to_numpy()

    def with_folds(self, count: int = 5, seed: int = 0) -> Manifest:
        """The same manifest with the folds as a column, which `cross_validate` then takes."""
        fresh = dataclasses.replace(self, table=self.table.drop(columns=FOLD, errors="ignore"))
        numbers = fresh.folds(count, seed).astype(str)
        return dataclasses.replace(self, table=fresh.table.assign(fold=numbers))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the rows, complete or not at all, as .csv, .tsv, .jsonl or .parquet; elsewhere,
        paths become absolute."""
        path = Path(path)
        table = self.table
        if path.absolute().parent != self.path.parent:
            moved = {
                column: [cell and os.path.join(self.path.parent, cell) for cell in table[column]]
                for name in self.inputs
                if self.kinds[name] in FILES
                for column in self.columns(name)
            }
            table = table.assign(**moved)
        return write_rows(table, path)
