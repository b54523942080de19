"""What a model answers: one task an output, plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from mmkeras_edge.outputs import ClassifySpec


@dataclass(frozen=True)
class Classify:
    """One of several classes; give the labels, or how many there are."""

    kind: ClassVar[str] = "classify"
    labels: Iterable[str] | int
    weight: float = 1.0  # of its loss, beside the other outputs

    def __post_init__(self) -> None:
        given = self.labels
        labels = tuple(map(str, range(given) if isinstance(given, int) else given))
        if isinstance(given, str) or len(set(labels)) != len(labels) or len(labels) < 2:
            raise ValueError(f"Classify wants two or more different labels. Received: {given!r}")
        object.__setattr__(self, "labels", labels)

    @property
    def spec(self) -> ClassifySpec:
        assert isinstance(self.labels, tuple)  # __post_init__ saw to it
        return ClassifySpec(self.labels)


Task = Classify

TASKS: dict[str, type] = {"classify": Classify}  # by kind
