"""What is looked into: a model, the rows that it is judged on, and what it answers to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mmkeras.heads import HEADS
from mmkeras.heads.measures import Measure
from mmkeras.prepare import Prepared
from mmkeras.targets import labelled

if TYPE_CHECKING:
    from mmkeras.insight.costs import Costs
    from mmkeras.run import Run
    from mmkeras.shipped import Shipped


class Saved(NamedTuple):
    """What a model without an input saves on the device's runtime, on this machine."""

    ms: float
    kb: float


@dataclass(frozen=True)
class Options:
    """How the parts of an evaluation look, and what they look at besides.

    `rows` is how many at most answer again and again. `beside` is a file that answers the same
    noise, `outside` are rows of another world, `prices` says what a model without an input saves,
    as `mmkeras_export.savings_without` does, and `trained` the figures of `mmkeras.insight.train`.
    `costs` has, by output, what wrong answers cost, label by label; it goes before the two prices.
    """

    seed: int = 0
    rows: int = 500
    rounds: int = 1_000
    columns: tuple[str, ...] = ()  # of slices
    missed: float = 1.0  # what a yes costs that is not said
    alarm: float = 1.0  # what a yes costs that is wrong
    costs: Mapping[str, Costs] = field(default_factory=dict)
    shown: int = 8  # samples of a gallery
    beside: Shipped | None = None
    outside: Prepared | None = None
    prices: Callable[[Run | Shipped], Mapping[str, Saved]] | None = None
    trained: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rows < 2 or self.rounds < 2 or self.shown < 1:
            raise ValueError(
                "wanted 2 rows and rounds or more, and 1 sample shown. "
                f"Received: {self.rows}, {self.rounds}, {self.shown}"
            )
        if self.missed <= 0 or self.alarm <= 0:
            raise ValueError(f"wanted costs above 0. Received: {self.missed}, {self.alarm}")


@dataclass(frozen=True, eq=False)
class Known:
    """One output over the rows that have its label: truth as in `mmkeras.targets`, (N, ...)."""

    name: str
    spec: Any
    truth: np.ndarray
    outputs: np.ndarray  # (N, values)
    rows: np.ndarray  # (N,), their places among all
    groups: tuple[str, ...] | None = None

    @property
    def measure(self) -> Measure:
        """The one that decides."""
        return HEADS[self.spec.kind].measures[0]

    @property
    def figure(self) -> float:
        """What it comes to."""
        return self.measure.of(self.spec, self.truth, self.outputs)


@dataclass(frozen=True, eq=False)
class Subject:
    """A run or a file, its rows and its answers to them."""

    model: Run | Shipped
    data: Prepared
    outputs: Mapping[str, np.ndarray]
    options: Options = field(default_factory=Options)

    @cached_property
    def specs(self) -> Mapping[str, Any]:
        return self.model.specs

    def known(self, name: str, outputs: np.ndarray | None = None, spec: Any = None) -> Known:
        """An output, or other answers for it, over the rows that have its label."""
        truth = self.data.targets[name]
        rows = np.flatnonzero(labelled(truth))
        answers = (self.outputs[name] if outputs is None else outputs)[rows]
        groups = None
        if self.data.manifest.group:
            column = self.data.manifest.table[self.data.manifest.group]
            groups = tuple(column.iloc[rows])
        return Known(name, spec or self.specs[name], truth[rows], answers, rows, groups)

    def every(self, *kinds: str) -> list[Known]:
        """The outputs of these kinds, by default of all, that have labelled rows."""
        names = [n for n in self.data.targets if not kinds or self.specs[n].kind in kinds]
        found = [self.known(name) for name in names]
        return [known for known in found if len(known.rows)]

    @cached_property
    def fewer(self) -> Subject:
        """The same over at most `options.rows` rows, drawn at random."""
        count = len(self.data)
        if count <= self.options.rows:
            return self
        random = np.random.default_rng(self.options.seed)
        rows = np.sort(random.choice(count, self.options.rows, replace=False))
        outputs = {name: of[rows] for name, of in self.outputs.items()}
        return dataclasses.replace(self, data=self.data.rows(rows), outputs=outputs)
