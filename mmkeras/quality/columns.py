"""The files of a manifest, each looked at once, in arrays of a few bytes a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.quality.finding import FINDINGS
from mmkeras.quality.parallel import in_parallel
from mmkeras.quality.probe import MEASURES, Facts, probe
from mmkeras.sources import FILES, distinct, path_of

NOTES = tuple(name for name, kind in FINDINGS.items() if kind.severity != "error")
ABSENT = -1

Progress = Callable[[int, int, str], None]  # files done, of so many, what they are


@dataclass(frozen=True)
class FileColumn:
    """The facts of a column's different files; row r has file index[r], or -1: absent.

    `digests` are S16 (files,), `prints` uint64 (files, 2), `printed` bool (files,), `measures`
    float32 (files, numbers), `notes` bool by name (files,); `wrong` by file.
    """

    name: str  # of the input
    column: str
    kind: str
    paths: list[str]
    index: np.ndarray
    digests: np.ndarray
    prints: np.ndarray
    printed: np.ndarray
    measures: np.ndarray
    notes: Mapping[str, np.ndarray]
    wrong: Mapping[int, tuple[str, str]]

    def measure(self, name: str) -> np.ndarray:
        """One number of each file, float32 (files,); NaN where it could not be read."""
        return self.measures[:, MEASURES[self.kind].index(name)]

    def rows_of(self, files: np.ndarray) -> np.ndarray:
        """The positions of the rows that have one of these files, bool (files,)."""
        there = self.index >= 0
        return np.flatnonzero(there & files[np.where(there, self.index, 0)])


def file_columns(manifest: Manifest, progress: Progress | None = None) -> list[FileColumn]:
    """Looks at every file of a manifest, in parallel."""
    folder = manifest.path.parent
    found = []
    for name in manifest.inputs:
        kind = manifest.kinds[name]
        for column in manifest.columns(name) if kind in FILES else ():
            paths, places = distinct(path_of(cell, folder) for cell in manifest.of_column(column))
            index = np.array([ABSENT if p is None else p for p in places], np.int32)
            if paths:
                found.append(_looked_at(name, column, kind, paths, index, progress))
    return found


def _looked_at(
    name: str,
    column: str,
    kind: str,
    paths: list[str],
    index: np.ndarray,
    progress: Progress | None,
) -> FileColumn:
    count = len(paths)
    made = FileColumn(
        name,
        column,
        kind,
        paths,
        index,
        np.zeros(count, "S16"),
        np.zeros((count, 2), np.uint64),
        np.zeros(count, bool),
        np.full((count, len(MEASURES[kind])), np.nan, np.float32),
        {},
        {},
    )
    notes: dict[str, np.ndarray] = {}
    wrong: dict[int, tuple[str, str]] = {}

    def look(path: str) -> Facts:
        return probe(kind, path)

    for place, facts in enumerate(in_parallel(look, paths)):
        if facts.wrong is not None:
            wrong[place] = facts.wrong
        else:
            made.digests[place] = facts.digest
            made.measures[place] = facts.measures
        if facts.fingerprint is not None:
            made.prints[place] = facts.fingerprint
            made.printed[place] = True
        for note in facts.notes:
            notes.setdefault(note, np.zeros(count, bool))[place] = True
        if progress is not None:
            progress(place + 1, count, column)
    return FileColumn(**{**vars(made), "notes": notes, "wrong": wrong})
