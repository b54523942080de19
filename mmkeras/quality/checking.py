"""`check`: a manifest to all that is to be known of it before a training."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from mmkeras.manifest import Manifest, Problem
from mmkeras.quality.about_columns import constant_columns, parted_groups, slips
from mmkeras.quality.about_files import about_files
from mmkeras.quality.about_labels import about_labels
from mmkeras.quality.charts import absent_by_class, charts
from mmkeras.quality.columns import ABSENT, FileColumn, Progress, file_columns
from mmkeras.quality.duplicates import duplicate_files, duplicate_texts, exact_numbers
from mmkeras.quality.finding import FINDINGS, SEVERITIES, Finding, finding
from mmkeras.quality.groups import numbers_of
from mmkeras.quality.leaks import leaks
from mmkeras.quality.repeated_rows import duplicate_rows
from mmkeras.quality.report import Quality

PHRASES = (  # of what is wrong with a row before any file is opened -> the name of the finding
    ("no file ", "missing_file"),
    ("of no kind that is known", "unknown_file"),
    ("no label;", "no_label"),
    ("every input is absent", "no_input"),
    ("cells, wanted", "bad_row"),
    ("a quote is missing", "bad_row"),
    ("no JSON object", "bad_row"),
)


def check(manifest: Manifest, progress: Progress | None = None) -> Quality:
    """Reads every file as a training would, on all cores, and looks for what would spoil one.

    Rows that were left out when the manifest was loaded are findings too. `progress` is told how
    many files of a column are done, of how many. Nothing is raised for what is in a file.
    """
    begun = time.monotonic()
    columns = file_columns(manifest, progress)
    found = [*_of_problems(manifest), *_of_rows(manifest, columns)]
    found = [of for of in found if of.lines]
    order = list(FINDINGS)
    found.sort(key=lambda of: (SEVERITIES.index(of.severity), order.index(of.name)))
    bad = {line for of in found if of.severity == "error" for line in of.lines}
    left_out = {problem.line for problem in manifest.problems}
    return Quality(
        manifest,
        read=len(manifest) + len(left_out),
        usable=len(manifest) - len(bad & set(manifest.lines)),
        files=sum(len(of.paths) for of in columns),
        seconds=time.monotonic() - begun,
        findings=tuple(found),
        charts=tuple(charts(manifest, columns)),
        absent=absent_by_class(manifest),
        unlabelled={target: manifest.cells(target).count("") for target in manifest.targets},
    )


def _of_problems(manifest: Manifest) -> Iterator[Finding]:
    """Of the rows that were left out in loading, together by name and column."""
    together: dict[tuple[str, str], list[Problem]] = {}
    for problem in manifest.problems:
        name = next((n for phrase, n in PHRASES if phrase in problem.message), "bad_cell")
        together.setdefault((name, problem.column), []).append(problem)
    for (name, column), problems in together.items():
        details = {problem.line: problem.message for problem in problems}
        yield finding(name, column, sorted(details), details=details, drop=tuple(sorted(details)))


def _of_rows(manifest: Manifest, columns: list[FileColumn]) -> Iterator[Finding]:
    for of in columns:
        yield from about_files(manifest, of)
    rows, known = duplicate_rows(manifest, _contents(manifest, columns))
    yield from rows
    for of in columns:
        yield from duplicate_files(manifest, of, known)
    for column in _columns(manifest, "text"):
        yield from duplicate_texts(manifest, column, known)
    yield from parted_groups(manifest)
    yield from constant_columns(manifest)
    yield from slips(manifest)
    for target in manifest.targets:
        yield from about_labels(manifest, target)
        yield from leaks(manifest, columns, target)


def _contents(manifest: Manifest, columns: list[FileColumn]) -> dict[str, np.ndarray]:
    """By column a number for each row, which rows of the same content share."""
    found = {}
    for of in columns:
        numbers = exact_numbers(of)
        found[of.column] = np.where(of.index == ABSENT, ABSENT, numbers[of.index])
    for column in (*_columns(manifest, "text"), *_columns(manifest, "table")):
        found[column] = numbers_of(manifest.of_column(column))
    return found or {"": np.arange(len(manifest))}


def _columns(manifest: Manifest, kind: str) -> list[str]:
    names = [name for name in manifest.inputs if manifest.kinds[name] == kind]
    return [column for name in names for column in manifest.columns(name)]
