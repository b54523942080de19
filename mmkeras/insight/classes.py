"""Which classes are found, and what is said in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.heads.measures import most_probable, reached
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject
from mmkeras_edge.outputs import PROBABILITIES

MOST = 12  # labels of a confusion matrix that a terminal shows


@dataclass(frozen=True)
class Label:
    """One label: `precision` is the share of what is said that is right, `recall` the share of what
    occurs that is found; None where nothing is said, or nothing occurs."""

    name: str
    occurs: int
    said: int
    hits: int

    @property
    def precision(self) -> float | None:
        return self.hits / self.said if self.said else None

    @property
    def recall(self) -> float | None:
        return self.hits / self.occurs if self.occurs else None

    @property
    def f1(self) -> float | None:
        both = self.said + self.occurs
        return 2 * self.hits / both if both else None


@dataclass(frozen=True)
class Classes:
    """The labels of an output; `confusion[truth][said]` counts rows, None where several apply."""

    labels: tuple[Label, ...]
    confusion: tuple[tuple[int, ...], ...] | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        shares = ("precision", "recall", "f1")
        labels = [
            {**plain(label), **{n: getattr(label, n) for n in shares}} for label in self.labels
        ]
        return {"labels": labels, "confusion": plain(self.confusion)}

    def confused(self, count: int = 5) -> list[tuple[str, str, int]]:
        """What is most often said in the place of what: (truth, said, rows)."""
        if self.confusion is None:
            return []
        names = [label.name for label in self.labels]
        wrong = [
            (names[i], names[j], rows)
            for i, line in enumerate(self.confusion)
            for j, rows in enumerate(line)
            if i != j and rows
        ]
        return sorted(wrong, key=lambda each: -each[2])[:count]

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        table = grid("", right=("precision", "recall", "F1", "rows", "said"))
        for label in self.labels:
            shares = (label.precision, label.recall, label.f1)
            counts = (str(label.occurs), str(label.said))
            table.add_row(label.name, *map(figure, shares), *counts)
        mixed = ", ".join(f"{t} as {s} ({n})" for t, s, n in self.confused())
        said = [f"most often confused: {mixed}"] if mixed else []
        return titled(f"{title}: by class", table, *said)


def classes(subject: Subject) -> dict[str, Classes]:
    """Of each output of labels."""
    return {known.name: classes_of(known) for known in subject.every(*PROBABILITIES)}


def classes_of(known: Known) -> Classes:
    """The labels of one output and, where one excludes the others, how they are confused."""
    spec = known.spec
    if spec.kind == "multilabel":
        truth, said = known.truth > 0, reached(spec, known.outputs) > 0
        counts = zip(spec.labels, truth.T, said.T, strict=True)
        found = [Label(n, int(t.sum()), int(s.sum()), int((t & s).sum())) for n, t, s in counts]
        return Classes(tuple(found), None)
    if spec.kind == "binary":
        truth, said = known.truth[:, 0].astype(int), reached(spec, known.outputs)[:, 0]
    else:
        truth, said = known.truth, most_probable(spec, known.outputs)
    count = len(spec.labels)
    matrix = np.bincount(truth * count + said, minlength=count**2).reshape(count, count)
    labels = tuple(
        Label(name, int(matrix[i].sum()), int(matrix[:, i].sum()), int(matrix[i, i]))
        for i, name in enumerate(spec.labels)
    )
    return Classes(labels, tuple(tuple(map(int, line)) for line in matrix))
