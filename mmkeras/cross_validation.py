"""Cross-validation: every row is tested on once, by a model that never saw its group."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from mmkeras.heads.measures import Measure
from mmkeras.manifest import Manifest
from mmkeras.plain_file import write_json
from mmkeras.recipe import Recipe
from mmkeras.series import (
    Outcome,
    Rows,
    Variant,
    announce,
    mean,
    mean_and_spread,
    measures_of,
    or_none,
    outcome,
    spread,
)
from mmkeras.splits import SHARES, draw_folds
from mmkeras.training import Training

PLAIN = "folds.json"
VALID = SHARES[1] / (SHARES[0] + SHARES[1])  # of what is not tested on, as in a plain split


@dataclass(frozen=True)
class CrossValidation:
    """The outcomes of each fold on its own test rows; printed, it is a table."""

    folds: tuple[Outcome, ...]
    measures: Mapping[str, Measure]

    def by_fold(self, output: str) -> list[float]:
        """The measure of an output that decides."""
        return [fold.first(output) for fold in self.folds]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        summary = {}
        for output, measure in self.measures.items():
            values = self.by_fold(output)
            summary[output] = {
                "measure": measure.name,
                "mean": or_none(mean(values)),
                "spread": spread(values),
            }
        return {"outputs": summary, "folds": [asdict(fold) for fold in self.folds]}

    def __str__(self) -> str:
        table = Table(title=f"{len(self.folds)} folds", title_justify="left")
        for column in ("fold", "rows", "training s"):
            table.add_column(column, justify="right")
        for output, measure in self.measures.items():
            table.add_column(f"{output}\n{measure.name}".replace("_", " "), justify="right")
            table.add_column("constant\nanswer", justify="right")
        for number, fold in enumerate(self.folds):
            cells = []
            for output in self.measures:
                of_fold = (fold.first(output), self._constant(fold, output))
                cells += [mean_and_spread([value]) for value in of_fold]
            table.add_row(str(number), str(fold.rows), f"{fold.seconds:.0f}", *cells)
        last = []
        for output in self.measures:
            constants = [self._constant(fold, output) for fold in self.folds]
            last += [mean_and_spread(self.by_fold(output)), mean_and_spread(constants)]
        table.add_section()
        table.add_row("mean", str(sum(fold.rows for fold in self.folds)), "", *last)
        text = io.StringIO()
        Console(file=text, width=120, force_jupyter=False, force_terminal=False).print(table)
        return text.getvalue()

    def _constant(self, fold: Outcome, output: str) -> float:
        return fold.constant[output].get(self.measures[output].name, float("nan"))


def cross_validate(
    recipe: Recipe,
    data: Manifest,
    folds: int = 5,
    epochs: int = 30,
    out: str | os.PathLike[str] = "runs/folds",
    training: Training = Training(),  # noqa: B008  frozen
) -> CrossValidation:
    """Trains on all folds but one, with an eighth of them to choose by, and tests on that one.

    Groups are never cut in two and the classes of the first target keep their shares as well as
    groups allow; a column `fold` is used as it stands, a column `split` is not asked. Each
    training is a run in `out/fold-N`: what is finished there is not trained again, an unfinished
    one goes on. The figures are stored beside them in folds.json. Warns of classes that have too
    few groups to be learned and tested; raises ValueError for fewer groups than folds, or a run
    there that was trained otherwise.
    """
    if folds < 2:
        raise ValueError(f"wanted 2 folds or more. Received: {folds}")
    out, outcomes = Path(out), []
    for number, rows in enumerate(fold_rows(data, folds, training.seed)):
        announce(f"fold {number}", number + 1, folds)
        outcomes.append(outcome(Variant(recipe, training), rows, epochs, out / f"fold-{number}"))
    found = CrossValidation(tuple(outcomes), measures_of(recipe))
    write_json(out / PLAIN, found.to_dict())
    return found


def fold_rows(data: Manifest, folds: int, seed: int) -> Iterator[Rows]:
    """For each fold the rows to learn from, to choose by and to test on."""
    labels = data.strata()
    groups = np.array(data.groups, dtype=object)
    tested = data.folds(folds, seed)
    lonely = [str(label) for label in np.unique(labels) if len(set(tested[labels == label])) < 2]
    if lonely:
        warnings.warn(
            f"{', '.join(lonely)}: all rows are in one fold, so no model that is tested on them "
            "has learned them; add groups",
            stacklevel=3,
        )
    for fold in range(folds):
        rest = np.flatnonzero(tested != fold)
        chosen_by = draw_folds(labels[rest], groups[rest], [1 - VALID, VALID], seed) == 1
        learned = np.isin(labels[rest], labels[rest][~chosen_by])
        chosen_by &= learned  # a class with a single group here is learned, not chosen by
        if not chosen_by.any():
            raise ValueError(f"{data.path}: too few rows to choose by beside {folds} folds")
        train, valid = data.rows(rest[~chosen_by]), data.rows(rest[chosen_by])
        yield Rows(train, valid, data.rows(np.flatnonzero(tested == fold)))
