"""A manifest: one row a sample, columns of files, texts and labels, checked once."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.splits import SPLITS, draw_split
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    import pandas as pd

FILES = ("image", "audio")  # kinds whose cells are paths
TASKS = ("classify",)


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
    modality. `inputs` is input name to column, `kinds` input name to modality, `targets` output
    name to column. `problems` lists the rows that were left out.
    """

    path: Path
    table: pd.DataFrame
    inputs: Mapping[str, str]
    kinds: Mapping[str, str]
    targets: Mapping[str, str]
    group: str | None = None
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    def classes(self, target: str) -> tuple[str, ...]:
        """The labels of a target, sorted."""
        column = pick(self.targets, target, "target")
        return tuple(sorted(self.table[column].unique()))

    def sources(self, position: int) -> dict[str, Any]:
        """The raw inputs of one row by name, None where absent; paths are absolute."""
        row = self.table.iloc[position]
        return {name: self._source(name, row[column]) for name, column in self.inputs.items()}

    def column(self, name: str) -> list[Any]:
        """The raw inputs of one name, row by row."""
        return [self._source(name, cell) for cell in self.table[self.inputs[name]]]

    def _source(self, name: str, cell: str) -> str | None:
        if cell == "":
            return None
        if self.kinds[name] in FILES:
            return os.path.join(self.path.parent, cell)  # an absolute cell stays as it is
        return cell

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
        if not self.targets:
            raise ValueError(f"{self.path}: a split keeps the shares of classes; give targets=")
        names = self.table.get("split")
        if names is None:
            names = self._draw(seed)
        parts = [self.rows(np.flatnonzero(names == name)) for name in SPLITS]
        for name, part in zip(SPLITS, parts, strict=True):
            if not len(part):
                raise ValueError(f"{self.path}: no row falls into {name!r}; add rows or groups")
        for target in self.targets:
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
        labels = self.table[next(iter(self.targets.values()))].to_numpy()
        groups = self.table[self.group] if self.group else [""] * len(self.table)
        return draw_split(labels, groups, seed)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the rows as CSV, complete or not at all; elsewhere, paths become absolute."""
        path = Path(path)
        table = self.table
        if path.absolute().parent != self.path.parent:
            files = [name for name in self.inputs if self.kinds[name] in FILES]
            moved = {self.inputs[n]: [cell or "" for cell in self.column(n)] for n in files}
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
    image: str | None = None,
    text: str | None = None,
    audio: str | None = None,
    targets: Mapping[str, str] | None = None,
    group: str | None = None,
    strict: bool = False,
) -> Manifest:
    """Reads a CSV with a header; each modality is given as the name of its column.

    `targets` maps a column to its task ("classify"); `group` is the column whose rows must stay
    in one split, an empty cell is a group of its own. Paths are relative to the manifest. A row
    whose label is empty or whose file is missing is left out, listed in `problems` and warned of;
    with `strict` it is an error.
    """
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"no manifest {str(path)!r}; give the path of a CSV with a header")
    table, ragged = _read_table(path)
    given = {"image": image, "text": text, "audio": audio}
    inputs = {name: column for name, column in given.items() if column is not None}
    if not inputs:
        raise ValueError("name the column of at least one of image=, text=, audio=")
    for target, task in (targets or {}).items():
        pick(dict.fromkeys(TASKS), task, f"task of target {target!r}:")
    columns = dict.fromkeys(table.columns)
    for column in [*inputs.values(), *(targets or {}), *([group] if group else [])]:
        pick(columns, column, f"column of {path}:")
    manifest = Manifest(
        path.absolute(),
        table,
        inputs,
        kinds={name: name for name in inputs},
        targets={target: target for target in targets or {}},
        group=group,
    )
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


def _check(manifest: Manifest) -> list[Problem]:
    found = []
    file = str(manifest.path)
    for name in manifest.inputs:
        if manifest.kinds[name] in FILES:
            for line, source in zip(manifest.table.index, manifest.column(name), strict=True):
                if source is not None and not os.path.isfile(source):
                    column = manifest.inputs[name]
                    message = f"no file {source!r}; a path is relative to the manifest"
                    found.append(Problem(file, line, column, message))
    for column in manifest.targets.values():
        for line, label in zip(manifest.table.index, manifest.table[column], strict=True):
            if not label:
                found.append(Problem(file, line, column, "no label; every row wants one"))
    if "split" in manifest.table:
        for line, split in zip(manifest.table.index, manifest.table["split"], strict=True):
            if split not in SPLITS:
                message = f"unknown split {split!r}; wanted {', '.join(SPLITS)}"
                found.append(Problem(file, line, "split", message))
    columns = list(manifest.inputs.values())
    empty = (manifest.table[columns] == "").all(axis=1)
    for line in manifest.table.index[empty]:
        found.append(Problem(file, line, ", ".join(columns), "every input is absent"))
    return found
