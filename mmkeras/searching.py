"""The search for a good recipe: KerasTuner proposes, `fit` trains, the validation rows judge."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mmkeras.manifest import Manifest
from mmkeras.oracle import ORACLES, Oracle
from mmkeras.plain_file import write_json
from mmkeras.recipe import Recipe
from mmkeras.recipe_yaml import as_yaml
from mmkeras.series import (
    Outcome,
    Rows,
    Variant,
    announce,
    mean,
    measures_of,
    outcome,
    plan_of,
)
from mmkeras.space import Space, as_choices, check, plain, varied
from mmkeras.training import Training
from mmkeras.unfinished import differences
from mmkeras_edge.inputs import pick

JOURNAL, BEST = "search.json", "best.yaml"


@dataclass(frozen=True)
class Trial:
    """One proposal and what came of it: a score, higher is better, or why there is none."""

    number: int
    values: Mapping[str, Any]
    epochs: int
    score: float | None = None
    figures: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    parameters: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Search:
    """All trials in their order, and the best one as a recipe and a training; printed, a table."""

    trials: tuple[Trial, ...]
    best: Trial
    recipe: Recipe
    training: Training
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"best": asdict(self.best), "trials": [asdict(trial) for trial in self.trials]}

    def as_yaml(self) -> str:
        """The best one as a file for `mmkeras train --recipe`."""
        said = f"Trial {self.best.number} of {len(self.trials)}, score {self.best.score:.4f}"
        lines = [as_yaml(self.recipe, said), "training:\n"]
        usual = asdict(Training())
        for name, value in asdict(self.training).items():
            if value != usual[name]:
                lines.append(f"  {name}: {json.dumps(value)}\n")
        return "".join(lines[:1] if len(lines) == 2 else lines)

    def __str__(self) -> str:
        table = Table(title=f"{len(self.trials)} trials, best first", title_justify="left")
        fields = list(dict.fromkeys(name for trial in self.trials for name in trial.values))
        for column in ("trial", "score", *fields, "epochs", "parameters", "seconds"):
            table.add_column(column, justify="right", overflow="fold")
        for each in sorted(self.trials, key=_rank):
            score = "failed" if each.score is None else f"{each.score:.4f}"
            values = [_short(each.values.get(field, "")) for field in fields]
            costs = [str(each.epochs), f"{each.parameters:,}", f"{each.seconds:.0f}"]
            table.add_row(str(each.number), score, *values, *costs)
        text = io.StringIO()
        Console(file=text, width=120, force_jupyter=False, force_terminal=False).print(table)
        failed = [f"trial {t.number} failed: {t.error}\n" for t in self.trials if t.error]
        return text.getvalue() + "".join(failed)


def search(
    recipe: Recipe,
    data: Manifest,
    space: Space | Mapping[str, Any],
    trials: int = 20,
    epochs: int = 30,
    out: str | os.PathLike[str] = "runs/search",
    training: Training = Training(),  # noqa: B008  frozen
    oracle: str = "bayesian",
) -> Search:
    """Trains recipes out of a space, and tells the best by the validation rows.

    `space` has, by field as `--set` names it, a list of choices, or {"min": ..., "max": ...,
    "log": True}. `oracle` is "random", "bayesian" (a Gaussian process, after 3 random trials a
    field) or "hyperband" (Li et al., JMLR 2018: many trainings of few of the `epochs`, the better
    ones anew with more). A score is the mean over the outputs of the measure that decides, or, of
    an error, of 1 - error / error of the best constant answer.

    Each trial is a run in `out/trial-N`; search.json has what came of it. The same call goes on
    with what is there and proposes as an unbroken one would; `trials` may be larger then. The best
    one is stored as best.yaml, for `mmkeras train --recipe`. The test rows are never looked at.
    Raises ValueError when the search in `out` was begun otherwise, or three trials fail in a row.
    """
    pick(ORACLES, oracle, "oracle")
    if trials < 1:
        raise ValueError(f"wanted a trial or more. Received: {trials}")
    begun, out = Variant(recipe, training), Path(out)
    chosen = {field: as_choices(choices) for field, choices in space.items()}
    check(begun, chosen)
    rows = Rows(*data.split(training.seed))
    how = {"space": plain(chosen), "oracle": oracle, **plan_of(begun, rows, epochs)}
    journal = Journal.of(out / JOURNAL, json.loads(json.dumps(how)))
    with tempfile.TemporaryDirectory(prefix="mmkeras-") as folder:
        asked = Oracle(oracle, chosen, epochs, training.seed, Path(folder))
        for trial in journal.replayed(asked):
            asked.tell(trial)
        while len(journal.trials) < trials and (proposed := asked.ask()) is not None:
            number = len(journal.trials)
            announce(f"trial {number}: {_said(proposed.values)}", number + 1, trials)
            trial = Trial(number, proposed.values, proposed.epochs)
            trial = _tried(trial, begun, rows, out)
            journal.add(trial)
            asked.tell(trial)
    best = min(journal.trials, key=_rank)
    if best.score is None:
        raise ValueError(f"every trial failed; the first: {journal.trials[0].error}")
    found = Search(tuple(journal.trials), best, *varied(begun, best.values)[:2], out)
    (out / BEST).write_text(found.as_yaml(), encoding="utf-8")
    return found


@dataclass
class Journal:
    """The trials of a search and what it was begun with, in a file that is always whole."""

    path: Path
    how: Mapping[str, Any]
    trials: list[Trial]

    @classmethod
    def of(cls, path: Path, how: Mapping[str, Any]) -> Journal:
        """That of a folder, or an empty one. Raises ValueError for one that was begun otherwise."""
        if not path.is_file():
            return cls(path, how, [])
        stored = json.loads(path.read_text(encoding="utf-8"))
        differ = differences(stored["how"], how)
        if differ:
            raise ValueError(
                f"the search in {str(path.parent)!r} was begun otherwise: {'; '.join(differ)}. "
                "Go on with what it was begun with, or choose another folder"
            )
        return cls(path, how, [Trial(**trial) for trial in stored["trials"]])

    def add(self, trial: Trial) -> None:
        """Stores a trial."""
        self.trials.append(trial)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, {"how": self.how, "trials": [asdict(each) for each in self.trials]})

    def replayed(self, oracle: Oracle) -> Iterator[Trial]:
        """The stored trials, each proposed again: an oracle that hears the same says the same.

        Raises ValueError where it does not, as after an update of KerasTuner.
        """
        for trial in self.trials:
            proposed = oracle.ask()
            if proposed is None or proposed.values != trial.values:
                raise ValueError(
                    f"{self.path}: trial {trial.number} would be another one with the KerasTuner "
                    "that is installed now; begin in another folder"
                )
            yield trial


def _tried(trial: Trial, begun: Variant, rows: Rows, out: Path) -> Trial:
    """What came of a trial. One that cannot be trained is told so, and the search goes on."""
    try:
        variant = varied(begun, trial.values)
        with _no_room_is_a_failure():
            found = outcome(variant, rows, trial.epochs, out / f"trial-{trial.number}", "valid")
        score = score_of(found, variant.recipe)
    except ValueError as error:
        return dataclasses.replace(trial, error=str(error))
    return dataclasses.replace(
        trial,
        score=score,
        figures={name: dict(of) for name, of in found.figures.items()},
        parameters=found.parameters,
        seconds=found.seconds,
    )


@contextmanager
def _no_room_is_a_failure() -> Iterator[None]:
    try:
        yield
    except MemoryError as error:
        raise ValueError(str(error)) from error


def score_of(found: Outcome, recipe: Recipe) -> float:
    """The mean, over the outputs that rows have labels of, of what `search` says; higher is better.

    Raises ValueError where there is none.
    """
    scores = []
    for name, measure in measures_of(recipe).items():
        value = found.first(name)
        constant = found.constant[name].get(measure.name, 0.0)
        scores.append(value if measure.higher else 1.0 - value / (constant or 1.0))
    if math.isnan(score := mean(scores)):
        raise ValueError(f"none of the {found.rows} rows has a label to judge by")
    return score


def _rank(trial: Trial) -> tuple[bool, float]:
    return trial.score is None, -(trial.score or 0.0)


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{field}={_short(value)}" for field, value in values.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
