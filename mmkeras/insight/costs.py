"""What a wrong answer costs, by what is right and what is said: a matrix, in any currency."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmkeras_edge.inputs import pick


@dataclass(frozen=True)
class Costs:
    """`of[right][said]` is what a row costs whose label is `right` and that is said to be `said`;
    what is right may cost too, and what is earned is below 0.

    Raises ValueError for what is no square of numbers, and where a wrong answer is not dearer than
    the right one.
    """

    labels: tuple[str, ...]
    of: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        size = len(self.labels)
        if size < 2 or len(self.of) != size or any(len(row) != size for row in self.of):
            shape = f"{len(self.of)} rows of {sorted({len(row) for row in self.of})}"
            raise ValueError(f"wanted costs of {size} by {size} labels. Received: {shape}")
        for right, row in zip(self.labels, self.of, strict=True):
            own = row[self.labels.index(right)]
            for said, cost in zip(self.labels, row, strict=True):
                if not math.isfinite(cost) or (said != right and cost <= own):
                    raise ValueError(
                        f"to say {said!r} where {right!r} is right must cost more than to say "
                        f"{right!r}, {own:g}. Received: {cost:g}"
                    )

    def array(self, labels: Sequence[str]) -> np.ndarray:
        """(right, said) in this order of labels. Raises ValueError for others than its own."""
        places = {name: place for place, name in enumerate(self.labels)}
        order = [pick(places, name, "label of the costs") for name in labels]
        if len(order) != len(places):
            other = sorted(set(places) - set(labels))
            raise ValueError(f"costs of unknown labels {', '.join(other)}: {', '.join(labels)}")
        return np.array(self.of, np.float64)[np.ix_(order, order)]

    @classmethod
    def yes_or_no(cls, labels: Sequence[str], missed: float, alarm: float) -> Costs:
        """Of the labels (no, yes), where what is right costs nothing."""
        no, yes = labels
        return cls((no, yes), ((0.0, alarm), (missed, 0.0)))


def read_costs(path: str | os.PathLike[str]) -> Costs:
    """A CSV: the first line has what is said, behind a cell of any content; each line what is right
    and its costs. Raises FileNotFoundError, and ValueError with the line."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        lines = [line for line in csv.reader(file) if any(line)]
    said = tuple(cell.strip() for cell in lines[0][1:]) if lines else ()
    rows: dict[str, tuple[float, ...]] = {}
    for number, line in enumerate(lines[1:], 2):
        try:
            rows[line[0].strip()] = tuple(map(float, line[1:]))
        except ValueError as error:
            raise ValueError(f"{os.fspath(path)}:{number}: wanted numbers. {error}") from error
    if set(rows) != set(said):
        raise ValueError(
            f"{os.fspath(path)}: wanted a line for each column of the first line, "
            f"{', '.join(said)}. Received: {', '.join(rows)}"
        )
    return Costs(said, tuple(rows[name] for name in said))
