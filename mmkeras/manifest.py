"""A manifest: one row a sample, columns of files, texts and labels, checked once."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    import pandas as pd

FILES = ("image", "audio")  # kinds whose cells are paths
TASKS = ("classify",)
SPLITS = ("train", "valid", "test")
SHARES = (0.7, 0.1, 0.2)


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
        together, and the classes of the first target keep their shares as well as groups allow.
        """
        names = self.table["split"] if "split" in self.table else self._draw(seed)
        parts = [self.rows(np.flatnonzero(names == name)) for name in SPLITS]
        for name, part in zip(SPLITS, parts, strict=True):
            if not len(part):
                raise ValueError(f"{self.path}: no row falls into {name!r}; add rows or groups")
        for target in self.targets:
            unseen = set(self.classes(target)) - set(parts[0].classes(target))
            if unseen:
                raise ValueError(
                    f"{self.path}: {target} {', '.join(sorted(unseen))} never occurs in training; "
                    "add rows of it, or another seed"
                )
        return parts[0], parts[1], parts[2]

    def with_split(self, seed: int = 0) -> Manifest:
        """The same manifest with the split as a column, so that saving it stores the split."""
        return dataclasses.replace(self, table=self.table.assign(split=self._draw(seed)))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the rows as CSV, complete or not at all."""
        path = Path(path)
        partial = path.with_name(path.name + ".partial")
        self.table.to_csv(partial, index=False)
        partial.replace(path)
        return path

    def _draw(self, seed: int) -> np.ndarray:
        """The name of the split of each row."""
        random = np.random.default_rng(seed)
        groups = self.table[self.group] if self.group else np.arange(len(self.table))
        labels = self.table[next(iter(self.targets.values()))]
        names = np.empty(len(self.table), dtype=object)
        filled: dict[str, np.ndarray] = {}
        positions = _positions(groups)
        random.shuffle(positions)
        for rows in sorted(positions, key=len, reverse=True):  # large groups first; stable
            counts = filled.setdefault(labels.iloc[rows[0]], np.zeros(len(SPLITS)))
            part = int(np.argmin(counts / np.array(SHARES) + 1e-9 * random.random(len(SPLITS))))
            counts[part] += len(rows)
            names[rows] = SPLITS[part]
        return names


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
    in one split. Paths are relative to the manifest. A row whose label is empty or whose file is
    missing is left out, listed in `problems` and warned of; with `strict` it is an error.
    """
    import pandas as pd

    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"no manifest {str(path)!r}")
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no readable CSV in UTF-8 with a header: {error}") from error
    given = {"image": image, "text": text, "audio": audio}
    inputs = {name: column for name, column in given.items() if column is not None}
    if not inputs:
        raise ValueError("name the column of at least one of image=, text=, audio=")
    for target, task in (targets or {}).items():
        pick(dict.fromkeys(TASKS), task, f"task of target {target!r}:")
    columns = dict.fromkeys(table.columns)
    for column in [*inputs.values(), *(targets or {}), *([group] if group else [])]:
        pick(columns, column, f"column of {path}:")
    table.index = pd.RangeIndex(2, len(table) + 2, name="line")  # line 1 is the header
    manifest = Manifest(
        path.absolute(),
        table,
        inputs,
        kinds={name: name for name in inputs},
        targets={target: target for target in targets or {}},
        group=group,
    )
    problems = _check(manifest)
    if problems and strict:
        raise ValueError("\n".join(map(str, problems)))
    return drop(manifest, problems)


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
                    found.append(Problem(file, line, column, f"no file {source!r}"))
    for column in manifest.targets.values():
        for line, label in zip(manifest.table.index, manifest.table[column], strict=True):
            if not label:
                found.append(Problem(file, line, column, "no label"))
    columns = list(manifest.inputs.values())
    empty = (manifest.table[columns] == "").all(axis=1)
    for line in manifest.table.index[empty]:
        found.append(Problem(file, line, ", ".join(columns), "every input is absent"))
    return found


def _positions(groups: Any) -> list[np.ndarray]:
    """The row positions of each group, in order of first appearance."""
    found: dict[Any, list[int]] = {}
    for position, group in enumerate(groups):
        found.setdefault(group, []).append(position)
    return [np.array(rows) for rows in found.values()]
