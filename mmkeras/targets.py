"""Cells of labels to arrays, by kind of task. An empty cell is a label that is not known.

    classify, ordinal                      int32 (rows,), class ids; -1 where it is not known
    binary                                 float32 (rows, 1), 0 or 1; NaN
    multilabel                             float32 (rows, labels), 0 or 1; NaN
    regress, gaussian, quantiles, count    float32 (rows, 1); NaN

Several labels of a `multilabel` cell stand with `SEPARATOR` between them, "cat|dog"; the separator
alone, "|", says that none applies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from mmkeras.tasks import TASKS, Task
from mmkeras_edge.inputs import pick
from mmkeras_edge.outputs import PROBABILITIES

SEPARATOR = "|"
UNKNOWN = -1  # a class id
LABELS = PROBABILITIES  # kinds whose cells are labels; the others are numbers
BINS = 10  # of numbers, to share them out
PER_BIN = 10  # rows, at least


def labels_in(cell: str, kind: str) -> list[str]:
    """The labels of one cell.

    >>> [labels_in(cell, "multilabel") for cell in ("cat| dog", "|")], labels_in("a|b", "classify")
    ([['cat', 'dog'], []], ['a|b'])
    """
    if kind != "multilabel":
        return [cell] if cell else []
    return [label.strip() for label in cell.split(SEPARATOR) if label.strip()]


def classes_in(cells: Iterable[str], kind: str) -> tuple[str, ...]:
    """The labels that occur, sorted."""
    return tuple(sorted({label for cell in cells for label in labels_in(cell, kind)}))


def read_targets(cells: Sequence[str], task: Task) -> tuple[np.ndarray, dict[int, str]]:
    """The array of a task's labels, and what is wrong with a cell by its position."""
    read, missing = _reader(task)
    values, wrong = [], {}
    for position, cell in enumerate(cells):
        value = missing
        if cell:
            try:
                value = read(cell)
            except ValueError as error:
                wrong[position] = str(error)
        values.append(value)
    ids = task.kind in ("classify", "ordinal")
    return np.array(values, np.int32 if ids else np.float32), wrong


def check_cell(cell: str, kind: str) -> str | None:
    """What is wrong with a cell, as far as its kind alone can tell."""
    try:
        if cell and kind not in LABELS:
            (_count if kind == "count" else _number)(cell)
    except ValueError as error:
        return str(error)
    return None


def task_for(name: str, kind: str, cells: Iterable[str]) -> Task:
    """The task of a column: its kind, with the labels that occur.

    Raises ValueError for a binary task without exactly two labels, and for an ordinal one whose
    labels are no numbers: their order is not to be guessed.
    """
    wanted: Any = pick(TASKS, kind, f"task of target {name!r}:")
    if kind not in LABELS:
        return wanted()
    found = classes_in(cells, kind)
    if kind == "binary" and len(found) != 2:
        raise ValueError(
            f"target {name!r}: binary wants two labels, found {len(found)}: {', '.join(found[:9])}"
        )
    if kind == "ordinal":
        try:
            found = tuple(sorted(found, key=float))
        except ValueError:
            raise ValueError(
                f"target {name!r}: the order of {', '.join(found[:9])} is not known; "
                "give it from Python, mmkeras.Ordinal((lowest, ..., highest))"
            ) from None
    return wanted(found)


def labelled(values: np.ndarray) -> np.ndarray:
    """Which rows have a label: bool (rows,)."""
    if values.ndim == 1:
        return values != UNKNOWN
    return np.isfinite(values).all(axis=1)


def filled(values: np.ndarray) -> np.ndarray:
    """The same with 0 for labels that are not known, which a weight of 0 then hides."""
    known = labelled(values)
    return np.where(known if values.ndim == 1 else known[:, None], values, 0).astype(values.dtype)


def strata(cells: Sequence[str], kind: str) -> np.ndarray:
    """What rows are to be shared out evenly by: a name a row, "" for a label that is not known.

    A class; of several labels the rarest; of numbers one of ten ranges with as many rows each.
    """
    if kind == "multilabel":
        counts: dict[str, int] = {}
        for cell in cells:
            for label in labels_in(cell, kind):
                counts[label] = counts.get(label, 0) + 1
        each = [labels_in(cell, kind) or [cell] for cell in cells]
        return np.array([min(of, key=lambda n: (counts.get(n, 0), n)) for of in each], object)
    if kind in LABELS:
        return np.array(cells, object)
    numbers = np.array([float(cell) if cell else math.nan for cell in cells])
    known = np.isfinite(numbers)
    bins = min(BINS, max(int(known.sum()) // PER_BIN, 1))
    edges = np.quantile(numbers[known], np.arange(1, bins) / bins) if known.any() else []
    places = np.searchsorted(edges, numbers, "right")
    return np.array([str(p) if k else "" for p, k in zip(places, known, strict=True)], object)


def _reader(task: Task) -> tuple[Callable[[str], Any], Any]:
    """From a cell to its value, which raises ValueError; and the value of an empty one."""
    if task.kind == "count":
        return (lambda cell: [_count(cell)]), [math.nan]
    if task.kind not in LABELS:
        return (lambda cell: [_number(cell)]), [math.nan]
    ids = {label: i for i, label in enumerate(task.spec.labels)}  # type: ignore[union-attr]

    def id_of(label: str) -> int:
        if label not in ids:
            raise ValueError(
                f"the model knows no class {label!r}; mend the label, or train with rows of it"
            )
        return ids[label]

    if task.kind == "binary":
        return (lambda cell: [id_of(cell)]), [math.nan]
    if task.kind == "multilabel":

        def hot(cell: str) -> list[float]:
            these = {id_of(label) for label in labels_in(cell, "multilabel")}
            return [float(i in these) for i in range(len(ids))]

        return hot, [math.nan] * len(ids)
    return id_of, UNKNOWN


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is no finite number; leave it empty if it is not known")
    return number


def _count(cell: str) -> float:
    number = _number(cell)
    if number < 0 or number != int(number):
        raise ValueError(f"{cell!r} is no count; wanted 0, 1, 2, ...")
    return number
