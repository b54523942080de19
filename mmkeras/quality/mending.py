"""`--fix`: the rows without what a check found wrong, as a new manifest."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

from mmkeras.manifest import Manifest, Problem
from mmkeras.manifest.writing import write_problems
from mmkeras.quality.finding import Finding
from mmkeras.quality.report import Quality


@dataclass(frozen=True)
class Mended:
    """The new manifest, the list of what was left out, and how many rows and cells changed."""

    path: Path
    skipped: Path
    left_out: int
    cells: int

    def __str__(self) -> str:
        return (
            f"{self.path}: rows left out: {self.left_out:,}, listed in {self.skipped}; "
            f"cells changed: {self.cells:,}"
        )


def mended_paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The new manifest and the list of what is not in it. Raises FileExistsError as `mend`."""
    path = Path(path)
    listed = path.with_name(f"{path.stem}.skipped.csv")
    for made in (path, listed):
        if made.exists():
            raise FileExistsError(
                f"{str(made)!r} exists, and nothing is written over; name another"
            )
    return path, listed


def mend(quality: Quality, path: str | os.PathLike[str]) -> Mended:
    """Writes the rows that can be used, each cell mended where the cure is plain, to a new file.

    Left out are rows with an error, copies of a row, and copies in training of what is tested on;
    typos of labels are mended, silent sounds and blank pictures taken for absent. Beside it stands
    what was left out and why. Raises FileExistsError for a path that is there: nothing old is
    written over.
    """
    path, listed = mended_paths(path)
    manifest, file = quality.manifest, str(quality.manifest.path)
    gone = list(manifest.problems)
    known = {problem.line for problem in gone}
    for of in quality.findings:
        new = [line for line in of.drop if line not in known]
        known.update(new)
        gone += [Problem(file, line, of.column, f"{of.name}: {_why(of, line)}") for line in new]
    table = manifest.table.copy()
    changed = 0
    for of in quality.findings:
        cells = {line: cell for line, cell in of.cells.items() if line not in known}
        if cells:  # else a finding about several columns would become one of its own
            table.loc[list(cells), of.column] = list(cells.values())
        changed += len(cells)
    kept = dataclasses.replace(manifest, table=table[~table.index.isin(known)])
    _refuse_empty(kept)
    write_problems(sorted(gone, key=lambda problem: problem.line), listed)
    return Mended(kept.save(path), listed, len(known), changed)


def _why(of: Finding, line: int) -> str:
    return of.details.get(line, of.message)


def _refuse_empty(kept: Manifest) -> None:
    if not len(kept):
        raise ValueError(f"{kept.path}: no row can be used; nothing was written")
