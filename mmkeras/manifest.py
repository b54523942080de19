"""A manifest: one row a sample, columns of files, texts and labels, checked once."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.sources import ARGUMENTS, FILES, Columns, named_columns, problem_with, raw_source
from mmkeras.splits import SPLITS, draw_split
from mmkeras.targets import LABELS, check_cell, classes_in, strata, task_for
from mmkeras.tasks import TASKS, Task
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell of a manifest, or with its row."""

    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.column}: {self.message}"


@dataclass(frozen=True)
class Manifest:
    """Rows and what their columns mean.

    `table` has one row a sample, its index is the line in the file; an empty cell is an absent
    modality, or a label that is not known. `inputs` is input name to column, or to the columns of a
    table's fields or of several views, `kinds` input name to modality, `targets` output name to
    column, `tasks` output name to the kind of its task, where that is not "classify". `problems`
    lists the rows that were left out.
    """

    path: Path
    table: pd.DataFrame
    inputs: Mapping[str, Columns]
    kinds: Mapping[str, str]
    targets: Mapping[str, str]
    group: str | None = None
    problems: tuple[Problem, ...] = ()
    tasks: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table)

    def kind_of(self, target: str) -> str:
        """The kind of a target's task."""
        pick(self.targets, target, "target")
        return self.tasks.get(target, "classify")

    def cells(self, target: str) -> list[str]:
        """The labels of a target as they stand in the file, row by row."""
        return list(self.table[pick(self.targets, target, "target")])

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
            raise ValueError(f"{self.path}: a split keeps the shares of classes; give targets=")
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
        rows = zip(*(self.table[column] for column in columns), strict=True)
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

    def split(self, seed: int = 0) -> tuple[Manifest, Manifest, Manifest]:
        """Training, validation and test rows: 70, 10 and 20 percent.

        A stored split (column `split`) is used as it stands. Otherwise rows of one group stay
        together, and the classes of the first target keep their shares as well as groups allow:
        one with a single group is trained, one with two is tested too.
        """
        self.strata()  # without targets there are none
        names = self.table.get("split")
        if names is None:
            names = self._draw(seed)
        parts = [self.rows(np.flatnonzero(names == name)) for name in SPLITS]
        for name, part in zip(SPLITS, parts, strict=True):
            if not len(part):
                raise ValueError(f"{self.path}: no row falls into {name!r}; add rows or groups")
        for target in self.targets:
            if self.kind_of(target) not in LABELS:
                continue
            unseen = set(self.classes(target)) - set(parts[0].classes(target))
            if unseen:
                raise ValueError(
                    f"{self.path}: {target} {', '.join(sorted(unseen))} never occurs in training; "
                    "add rows of it, or move some there in the column split"
                )
        return parts[0], parts[1], parts[2]

    def with_split(self, seed: int = 0) -> Manifest:
        """The same manifest with the split as a column, so that saving it stores the split."""
        return dataclasses.replace(self, table=self.table.assign(split=self._draw(seed)))

    def _draw(self, seed: int) -> np.ndarray:
        groups = self.table[self.group] if self.group else [""] * len(self.table)
        return draw_split(self.strata(), groups, seed)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the rows as CSV, complete or not at all; elsewhere, paths become absolute."""
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
        partial = path.with_name(path.name + ".partial")
        try:
            table.to_csv(partial, index=False)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return path


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
    rows, ragged = _read_table(path)
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
    problems = ragged + _check(manifest)
    if problems and strict:
        raise ValueError("\n".join(map(str, problems)))
    return drop(manifest, problems)


def _read_table(path: Path) -> tuple[pd.DataFrame, list[Problem]]:
    """Every cell as text, indexed by the line on which its row begins, and the rows that do not
    have as many cells as the header, cut or filled. Not by pandas, which forgets the lines."""
    import pandas as pd

    lines, rows, ragged = [], [], []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            begin = reader.line_num + 1
            for row in reader:
                if row:  # a blank line is no row
                    lines.append(begin)
                    rows.append((row + [""] * len(header))[: len(header)])
                if row and len(row) != len(header):
                    message = f"{len(row)} cells, wanted {len(header)}; quote cells with commas"
                    ragged.append(Problem(str(path.absolute()), begin, "row", message))
                begin = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no readable CSV in UTF-8 with a header: {error}") from error
    twice = [column for column, count in Counter(header).items() if count > 1]
    if not rows or twice:
        what = f"column {twice[0]!r} stands twice in the header" if twice else "it has no rows"
        raise ValueError(f"{path}: wanted a CSV with a header and rows; {what}")
    return pd.DataFrame(rows, pd.Index(lines, name="line"), header, dtype=str), ragged


def digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop(manifest: Manifest, problems: Iterable[Problem]) -> Manifest:
    """The manifest without the rows that have a problem, which it lists and warns of."""
    problems = tuple(problems)
    if not problems:
        return manifest
    import warnings

    bad = {problem.line for problem in problems}
    table = manifest.table[~manifest.table.index.isin(bad)]
    shown = "\n".join(f"  {problem}" for problem in problems[:5])
    more = f"\n  and {len(problems) - 5} more" if len(problems) > 5 else ""
    warnings.warn(f"{len(bad)} rows left out:\n{shown}{more}", stacklevel=3)
    if not len(table):
        raise ValueError(
            f"{manifest.path}: no usable row is left; the first problem: {problems[0]}"
        )
    return dataclasses.replace(manifest, table=table, problems=manifest.problems + problems)


def unlabelled(manifest: Manifest, targets: Iterable[str]) -> list[Problem]:
    """The rows that have no label of any of these targets."""
    columns = [manifest.targets[target] for target in targets]
    if not columns:
        return []
    wanted = "every row wants one" if len(columns) == 1 else "every row wants at least one"
    empty = (manifest.table[columns] == "").all(axis=1)
    return [
        Problem(str(manifest.path), line, ", ".join(columns), f"no label; {wanted}")
        for line in manifest.table.index[empty]
    ]


def _check(manifest: Manifest) -> list[Problem]:
    found = []
    file = str(manifest.path)
    for name, columns in manifest.inputs.items():
        where, folder = ", ".join(manifest.columns(name)), manifest.path.parent
        for line, cells in zip(manifest.table.index, manifest.input_cells(name), strict=True):
            wrong = problem_with(manifest.kinds[name], columns, cells, folder)
            if wrong is not None:
                found.append(Problem(file, line, where, wrong))
    found += unlabelled(manifest, manifest.targets)
    for target, column in manifest.targets.items():
        kind = manifest.kind_of(target)
        for line, label in zip(manifest.table.index, manifest.table[column], strict=True):
            wrong = check_cell(label, kind)
            if wrong is not None:
                found.append(Problem(file, line, column, wrong))
    if "split" in manifest.table:
        for line, split in zip(manifest.table.index, manifest.table["split"], strict=True):
            if split not in SPLITS:
                message = f"unknown split {split!r}; wanted {', '.join(SPLITS)}"
                found.append(Problem(file, line, "split", message))
    every = list(dict.fromkeys(c for name in manifest.inputs for c in manifest.columns(name)))
    empty = (manifest.table[every] == "").all(axis=1)
    for line in manifest.table.index[empty]:
        found.append(Problem(file, line, ", ".join(every), "every input is absent"))
    return found
