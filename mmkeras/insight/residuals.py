"""How far numbers are off: to which side, how often how far, and where; what intervals cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.heads.measures import number
from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject
from mmkeras_edge.outputs import NORMAL_ENDS

NUMBERS = ("regress", "gaussian", "count", "quantiles")
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
PARTS = 5
POINTS = 1_000  # of a picture


@dataclass(frozen=True)
class Part:
    """The rows whose answer lies from `low` to `high`: their mean error, its size and spread."""

    low: float
    high: float
    rows: int
    bias: float
    mae: float


@dataclass(frozen=True)
class Residuals:
    """Errors of a number, answer - truth, in its unit.

    `quantiles` by level; `parts` are fifths of the rows, by their answers; `coverage` is, by what
    an interval promises to hold, the share of truths that it holds.
    """

    unit: str
    bias: float
    mae: float
    rmse: float
    quantiles: dict[str, float]
    parts: tuple[Part, ...]
    coverage: dict[str, float]
    said: tuple[float, ...]  # some rows, with their truths
    truth: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return plain(self)

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        unit = f" in {self.unit}" if self.unit else ""
        head = f"{title}: errors{unit}, bias {figure(self.bias)}, rmse {figure(self.rmse)}"
        if self.coverage:
            each = ", ".join(f"{n} hold {share:.0%}" for n, share in self.coverage.items())
            head += f"; intervals of {each}"
        table = grid("answers", right=("rows", "bias", "mae"))
        for part in self.parts:
            span = f"{figure(part.low)} to {figure(part.high)}"
            table.add_row(span, str(part.rows), figure(part.bias), figure(part.mae))
        return titled(head, table)


def residuals(subject: Subject) -> dict[str, Residuals]:
    """Of each output that is a number."""
    return {known.name: residuals_of(known) for known in subject.every(*NUMBERS)}


def residuals_of(known: Known) -> Residuals:
    """Of one output."""
    said, truth = number(known.spec, known.outputs), known.truth[:, 0].astype(np.float64)
    errors = said - truth
    some = np.unique(np.linspace(0, len(said) - 1, POINTS).round().astype(int))
    parts = []
    for rows in np.array_split(np.argsort(said, kind="stable"), PARTS):
        if len(rows):
            ends = float(said[rows[0]]), float(said[rows[-1]])
            off = float(errors[rows].mean()), float(np.abs(errors[rows]).mean())
            parts.append(Part(*ends, len(rows), *off))
    return Residuals(
        unit=getattr(known.spec, "unit", ""),
        bias=float(errors.mean()),
        mae=float(np.abs(errors).mean()),
        rmse=float(np.sqrt((errors**2).mean())),
        quantiles={f"{q:g}": float(np.quantile(errors, q)) for q in LEVELS},
        parts=tuple(parts),
        coverage=_coverage(known.spec, truth, known.outputs),
        said=tuple(map(float, said[some])),
        truth=tuple(map(float, truth[some])),
    )


def _coverage(spec: Any, truth: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
    """By what is promised, as "90%", the share of truths that lie within."""
    if spec.kind == "gaussian":
        return {
            f"{share:.0%}": float((np.abs(truth - outputs[:, 0]) <= reach * outputs[:, 1]).mean())
            for share, reach in ((0.5, 0.6744898), (0.9, NORMAL_ENDS))
        }
    if spec.kind != "quantiles":
        return {}
    pairs = range(len(spec.levels) // 2)
    return {
        f"{spec.levels[-1 - i] - spec.levels[i]:.0%}": float(
            ((truth >= outputs[:, i]) & (truth <= outputs[:, -1 - i])).mean()
        )
        for i in pairs
    }
