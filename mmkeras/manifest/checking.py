"""Which rows of a manifest cannot be used, and their leaving out."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from mmkeras.manifest.problems import Problem
from mmkeras.manifest.rows import Manifest
from mmkeras.manifest.writing import add_problems
from mmkeras.sources import problem_with
from mmkeras.splits import SPLITS
from mmkeras.targets import check_cell

REFUSED = 20  # problems that an error names


def drop(manifest: Manifest, problems: Iterable[Problem]) -> Manifest:
    """The manifest without the rows that have a problem, which it lists and warns of.

    The file `manifest.skipped`, if it wants one, has all of them, beside those that were left out
    before. Raises ValueError for any problem where the manifest is strict, and where no row is
    left.
    """
    problems = tuple(problems)
    if not problems:
        return manifest
    if manifest.strict:
        refuse(problems)
    bad = {problem.line for problem in problems}
    table = manifest.table[~manifest.table.index.isin(bad)]
    shown = "\n".join(f"  {problem}" for problem in problems[:5])
    more = f"\n  and {len(problems) - 5} more" if len(problems) > 5 else ""
    if manifest.skipped is not None:
        more += _listed(problems, manifest.skipped)
    left_out = f"{len(bad):,} row{'s' * (len(bad) != 1)} left out"
    warnings.warn(f"{left_out}:\n{shown}{more}", stacklevel=3)
    if not len(table):
        raise ValueError(
            f"{manifest.path}: no usable row is left; the first problem: {problems[0]}"
        )
    return dataclasses.replace(manifest, table=table, problems=manifest.problems + problems)


def refuse(problems: Sequence[Problem]) -> NoReturn:
    """Raises ValueError for them."""
    more = f"\nand {len(problems) - REFUSED} more" if len(problems) > REFUSED else ""
    raise ValueError("\n".join(map(str, problems[:REFUSED])) + more)


def _listed(problems: Iterable[Problem], skipped: Path) -> str:
    """Writes the list, and says where it is; a folder that is read-only stops nobody's work."""
    try:
        return f"\n  all of them: {add_problems(problems, skipped)}"
    except OSError as error:
        return f"\n  the list of them could not be written: {error}"


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


def problems_in(manifest: Manifest) -> list[Problem]:
    """What is wrong with the cells, before any file is opened."""
    found = []
    file = str(manifest.path)
    for name, columns in manifest.inputs.items():
        where, folder = ", ".join(manifest.columns(name)), manifest.path.parent
        for line, cells in zip(manifest.lines, manifest.input_cells(name), strict=True):
            wrong = problem_with(manifest.kinds[name], columns, cells, folder)
            if wrong is not None:
                found.append(Problem(file, line, where, wrong))
    found += unlabelled(manifest, manifest.targets)
    for target, column in manifest.targets.items():
        kind = manifest.kind_of(target)
        for line, label in zip(manifest.lines, manifest.of_column(column), strict=True):
            wrong = check_cell(label, kind)
            if wrong is not None:
                found.append(Problem(file, line, column, wrong))
    if "split" in manifest.table:
        for line, split in zip(manifest.lines, manifest.of_column("split"), strict=True):
            if split not in SPLITS:
                message = f"unknown split {split!r}; wanted {', '.join(SPLITS)}"
                found.append(Problem(file, line, "split", message))
    every = list(dict.fromkeys(c for name in manifest.inputs for c in manifest.columns(name)))
    empty = (manifest.table[every] == "").all(axis=1)
    for line in manifest.table.index[empty]:
        found.append(Problem(file, line, ", ".join(every), "every input is absent"))
    return found
