"""One training of several: done once, judged on its test rows, found again in its folder."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from mmkeras.evaluation import Evaluation, Figures, evaluate
from mmkeras.folder import ABOUT, EVALUATION
from mmkeras.heads import HEADS
from mmkeras.heads.measures import Measure
from mmkeras.manifest import Manifest
from mmkeras.origin import origin_of
from mmkeras.plain_file import write_json
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras.splits import SPLITS
from mmkeras.tokenizer import tokenizer_for
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras.unfinished import Plan, check_finished, without


class Variant(NamedTuple):
    """What is trained, and how. `whole` is the recipe that this one is a part of, if it is: then it
    gets its very rows, where inputs that are absent are zeros."""

    recipe: Recipe
    training: Training
    whole: Recipe | None = None


@dataclass(frozen=True)
class Outcome:
    """How good a training turned out: figures by output, as in `Evaluation`."""

    figures: Mapping[str, Figures]
    constant: Mapping[str, Figures]
    rows: int
    parameters: int
    seconds: float

    def first(self, output: str) -> float:
        """The measure of an output that decides; NaN where no row has its label."""
        return next(iter(self.figures[output].values()), float("nan"))


class Rows:
    """The parts of a split as arrays; decoded again only for a recipe that takes others."""

    def __init__(self, train: Manifest, valid: Manifest, test: Manifest):
        self.manifests = {"train": train, "valid": valid, "test": test}
        self._made: list[Prepared] = []

    def of(self, variant: Variant) -> dict[str, Prepared]:
        """By split."""
        whole = variant.whole or variant.recipe
        # With other optional inputs, other rows are left out.
        if not self._made or self._made[0].recipe.optional != whole.optional:
            self._prepare(whole)
        try:
            parts = [part.narrowed(variant.recipe) for part in self._made]
        except ValueError:  # it takes other arrays
            self._prepare(whole)
            parts = [part.narrowed(variant.recipe) for part in self._made]
        return dict(zip(SPLITS, parts, strict=True))

    def _prepare(self, recipe: Recipe) -> None:
        self._made = []  # before there are two sets of arrays in memory
        tokenizer_json = tokenizer_for(recipe, self.manifests["train"])
        self._made = [prepare(part, recipe, tokenizer_json) for part in self.manifests.values()]


def outcome(variant: Variant, rows: Rows, epochs: int, out: Path, split: str = "test") -> Outcome:
    """Trains a variant into a run's folder, and judges it on the rows of a split.

    What is finished there is not trained again, an unfinished training goes on. Raises ValueError
    when it was begun or finished with another plan, naming the fields.
    """
    stored = out / EVALUATION.format(split)
    if (out / ABOUT).is_file():
        check_finished(out, _plan(variant, rows, epochs))
        if stored.is_file():
            return Outcome(**json.loads(stored.read_text(encoding="utf-8")))
    parts = rows.of(variant)
    run = fit(
        variant.recipe, parts["train"], parts["valid"], epochs, out, variant.training, resume=True
    )
    found: Evaluation = evaluate(run, parts[split])
    made = Outcome(
        found.figures, found.baseline, found.rows, run.model.count_params(), run.about["seconds"]
    )
    write_json(stored, dataclasses.asdict(made))
    return made


def measures_of(recipe: Recipe) -> dict[str, Measure]:
    """The measure by output that decides."""
    return {name: HEADS[task.kind].measures[0] for name, task in recipe.outputs.items()}


def folder_name(name: str) -> str:
    """A name that every file system takes.

    >>> folder_name('fusion={"name": "gated"} image=keras_hub/vgg')
    'fusion=-name-gated-image=keras_hub-vgg'
    """
    return re.sub(r"[^\w.=+-]+", "-", name).strip("-.") or "-"


def announce(what: str, number: int, of: int) -> None:
    """A line to standard error, where those of the epochs follow."""
    Console(stderr=True).print(f"{what} ({number} of {of})", style="bold", markup=False)


def plan_of(variant: Variant, rows: Rows, epochs: int) -> dict[str, Any]:
    """What is trained on what, as JSON has it, but for the lines of the rows."""
    plan = _plan(variant, rows, epochs)
    plan = dataclasses.replace(plan, data=without(plan.data, "lines"))
    return json.loads(json.dumps(plan.to_dict()))


def _plan(variant: Variant, rows: Rows, epochs: int) -> Plan:
    data = origin_of(rows.manifests["train"], rows.manifests["valid"])
    return Plan(variant.recipe, variant.training, epochs, data)


def mean(values: Sequence[float]) -> float:
    """Of those that are numbers; NaN of none."""
    known = _known(values)
    return sum(known) / len(known) if known else math.nan


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation of a sample; None of fewer than two numbers."""
    known = _known(values)
    if len(known) < 2:
        return None
    middle = mean(known)
    return (sum((value - middle) ** 2 for value in known) / (len(known) - 1)) ** 0.5


def or_none(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return None if math.isnan(value) else value


def _known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def mean_and_spread(values: Sequence[float]) -> str:
    """For a table; - where there is no number.

    >>> mean_and_spread([0.8, 0.9]), mean_and_spread([0.8, math.nan]), mean_and_spread([math.nan])
    ('0.850 ± 0.071', '0.800', '-')
    """
    middle, of = mean(values), spread(values)
    return _short(middle) if of is None else f"{_short(middle)} ± {_short(of)}"


def _short(value: float) -> str:
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}"
