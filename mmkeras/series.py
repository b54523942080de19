"""One training of several: done once, judged on its test rows, found again in its folder."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from mmkeras.evaluation import Evaluation, Figures, evaluate
from mmkeras.heads import HEADS
from mmkeras.heads.measures import Measure
from mmkeras.manifest import Manifest
from mmkeras.origin import origin_of
from mmkeras.prepare import Prepared, prepare
from mmkeras.recipe import Recipe
from mmkeras.run import ABOUT, RECIPE
from mmkeras.splits import SPLITS
from mmkeras.tokenizer import tokenizer_for
from mmkeras.train import fit
from mmkeras.training import Training
from mmkeras.unfinished import Plan, differences

EVALUATION = "evaluation-{}.json"  # beside the model, by split


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
        _check(out, variant, rows, epochs)
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


def write_json(path: Path, value: Any) -> None:
    """Complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def plan_of(variant: Variant, rows: Rows, epochs: int) -> dict[str, Any]:
    """What is trained on what, as JSON has it, but for the lines of the rows."""
    data = origin_of(rows.manifests["train"], rows.manifests["valid"])
    plan = Plan(variant.recipe, variant.training, epochs, without(data, "lines"))
    return json.loads(json.dumps(plan.to_dict()))


def without(plain: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The same without some keys."""
    return {name: value for name, value in plain.items() if name not in names}


def _check(out: Path, variant: Variant, rows: Rows, epochs: int) -> None:
    """Raises ValueError for a run that was trained otherwise."""
    about = json.loads((out / ABOUT).read_text(encoding="utf-8"))
    recipe = Recipe.from_dict(json.loads((out / RECIPE).read_text(encoding="utf-8")))
    training, data = Training(**about["training"]), about["data"]
    before = Plan(recipe, training, about["epochs"], without(data, "lines")).to_dict()
    differ = differences(json.loads(json.dumps(before)), plan_of(variant, rows, epochs))
    # Rows that cannot be read are left out of a training: it has some of the lines.
    for split, lines in data["lines"].items():
        if not set(lines) <= set(rows.manifests[split].lines):
            differ.append(f"the {split} rows are others")
    if differ:
        raise ValueError(
            f"{str(out)!r} was trained otherwise: {'; '.join(differ)}. Ask for what is there, or "
            "choose another folder"
        )


def spread(values: Sequence[float]) -> float | None:
    """Standard deviation of a sample; None of fewer than two."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5


def mean_and_spread(values: Sequence[float]) -> str:
    """For a table.

    >>> mean_and_spread([0.8, 0.9]), mean_and_spread([0.8])
    ('0.850 ± 0.071', '0.800')
    """
    mean, of = sum(values) / len(values), spread(values)
    return _short(mean) if of is None else f"{_short(mean)} ± {_short(of)}"


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.4g}"
