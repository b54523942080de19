"""Which rows are trained on, chosen by and tested on: drawn at random, by time, or said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mmkeras.splits import SHARES, SPLITS, draw_split, split_by_time, split_named
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    from mmkeras.manifest.rows import Manifest


@dataclass(frozen=True)
class Plan:
    """How a split is made: `how` is a name of `HOW`, `by` the column that "time" and "column" go
    by, `shares` those of training, validation and test rows, `parts` which split each value of the
    column means."""

    how: str = "stratified"
    by: str | None = None
    shares: Sequence[float] = SHARES
    parts: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


def split_names(manifest: Manifest, plan: Plan) -> np.ndarray:
    """The split of each row, (rows,). Rows of one group are in one split, whatever the plan.

    Raises ValueError for a plan that cannot be followed.
    """
    shares = np.asarray(plan.shares, float)
    if shares.shape != (len(SPLITS),) or (shares <= 0).any():
        raise ValueError(f"shares: wanted three numbers above 0. Received: {plan.shares}")
    if plan.how in ("time", "column"):
        if plan.by is None:
            raise ValueError(f"a split by {plan.how} wants the name of its column: by=")
        pick(dict.fromkeys(manifest.table.columns), plan.by, f"column of {manifest.path}:")
    return pick(HOW, plan.how, "way to split")(manifest, plan)


def _stratified(manifest: Manifest, plan: Plan) -> np.ndarray:
    return draw_split(manifest.strata(), manifest.groups, plan.seed, _whole(plan))


def _random(manifest: Manifest, plan: Plan) -> np.ndarray:
    alike = np.full(len(manifest), "", object)
    return draw_split(alike, manifest.groups, plan.seed, _whole(plan))


def _time(manifest: Manifest, plan: Plan) -> np.ndarray:
    return split_by_time(_times(manifest, str(plan.by)), manifest.groups, _whole(plan))


def _column(manifest: Manifest, plan: Plan) -> np.ndarray:
    cells = manifest.table[plan.by]
    for part in plan.parts.values():
        pick(dict.fromkeys(SPLITS), part, "split")
    meant = {cell: plan.parts.get(cell) or split_named(cell) for cell in cells.unique()}
    unknown = [cell for cell, part in meant.items() if part is None]
    if unknown:
        line = cells.index[cells == unknown[0]][0]
        raise ValueError(
            f"{manifest.path}:{line}: {plan.by}: {unknown[0]!r} is no split; say which it is, "
            f"parts={{{unknown[0]!r}: 'train'}}, or keep its rows together by group={plan.by!r}"
        )
    names = np.array([meant[cell] for cell in cells], object)
    _check_groups(manifest, names)
    return names


def _check_groups(manifest: Manifest, names: np.ndarray) -> None:
    first: dict[str, str] = {}
    for line, group, name in zip(manifest.lines, manifest.groups, names, strict=True):
        if group and first.setdefault(group, name) != name:
            raise ValueError(
                f"{manifest.path}:{line}: {manifest.group}: {group!r} is in {first[group]} and in "
                f"{name}; put it into one of them"
            )


def _times(manifest: Manifest, column: str) -> np.ndarray:
    """The cells as numbers that grow with time: numbers as they are, dates in seconds."""
    import pandas as pd

    cells = manifest.table[column]
    times = pd.to_numeric(cells, errors="coerce")
    if times.isna().any():
        dates = pd.to_datetime(cells, errors="coerce", utc=True, format="ISO8601")
        times = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    if times.isna().any():
        line = cells.index[times.isna()][0]
        raise ValueError(
            f"{manifest.path}:{line}: {column}: {cells[line]!r} is no time; wanted numbers, or "
            "dates as 2024-05-31 or 2024-05-31T17:30:00"
        )
    return times.to_numpy(float)


def _whole(plan: Plan) -> tuple[float, ...]:
    """The shares, which may have been given in percent."""
    total = float(sum(plan.shares))
    return tuple(share / total for share in plan.shares)


HOW: dict[str, Callable[[Manifest, Plan], np.ndarray]] = {
    "stratified": _stratified,  # classes of the first target keep their shares
    "random": _random,
    "time": _time,  # trained on the past, tested on what came later
    "column": _column,  # as a column says
}
