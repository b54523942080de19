"""Several recipes trained from several seeds each: which is better, by how much, at what price."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mmkeras.comparing_picture import draw_comparison
from mmkeras.heads.measures import Measure
from mmkeras.manifest import Manifest
from mmkeras.plain_file import write_json
from mmkeras.prepare import Prepared
from mmkeras.recipe import Recipe
from mmkeras.run import Run, load
from mmkeras.series import (
    Outcome,
    Rows,
    Variant,
    announce,
    folder_name,
    mean,
    mean_and_spread,
    measures_of,
    or_none,
    outcome,
    spread,
)
from mmkeras.training import Training

TABLE, PLAIN, PICTURE, DEVICE = "compare.csv", "compare.json", "compare.png", "device.json"
WIDTH = 120  # of the printed table

OnDevice = Callable[[Run, Prepared], Mapping[str, float]]  # "file_kb" and "ms" of a run


@dataclass(frozen=True)
class Contender:
    """A recipe, its outcomes by seed, and its price on the device where that was measured."""

    name: str
    outcomes: tuple[Outcome, ...]
    device: Mapping[str, Any]  # "file_kb" and "ms", or the "error" of a conversion, or nothing
    alone: bool = False  # one modality of another recipe

    def by_seed(self, output: str) -> list[float]:
        """The measure of an output that decides."""
        return [each.first(output) for each in self.outcomes]

    def mean(self, output: str) -> float:
        """Over the seeds; NaN where no test row has its label."""
        return mean(self.by_seed(output))

    @property
    def parameters(self) -> int:
        return self.outcomes[0].parameters

    @property
    def seconds(self) -> float:
        """Of one training, in the mean."""
        return sum(each.seconds for each in self.outcomes) / len(self.outcomes)


@dataclass(frozen=True)
class Comparison:
    """Contenders, the best of the first output first; printed, it is a table."""

    contenders: tuple[Contender, ...]
    measures: Mapping[str, Measure]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "measures": {output: measure.name for output, measure in self.measures.items()},
            "constant": {output: or_none(self._constant(output)) for output in self.measures},
            "contenders": [self._plain(each) for each in self.contenders],
        }

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes compare.json, compare.csv and compare.png."""
        folder = Path(folder)
        write_json(folder / PLAIN, self.to_dict())
        with open(folder / TABLE, "w", newline="", encoding="utf-8") as file:
            flat = [self._flat(each) for each in self.contenders]
            writer = csv.DictWriter(file, list(flat[0]))
            writer.writeheader()
            writer.writerows(flat)
        draw_comparison(folder / PICTURE, self)

    def __str__(self) -> str:
        seeds, rows = len(self.contenders[0].outcomes), self.contenders[0].outcomes[0].rows
        many = f"mean ± standard deviation over {seeds} seeds, " if seeds > 1 else ""
        table = Table(title=f"{many}{rows} test rows", title_justify="left")
        table.add_column("", overflow="fold")
        for output, measure in self.measures.items():
            table.add_column(f"{output}\n{measure.name}".replace("_", " "), justify="right")
        for column in ("parameters", "file kB", "ms", "training s"):
            table.add_column(column, justify="right")
        for each in self.contenders:
            figures = [mean_and_spread(each.by_seed(output)) for output in self.measures]
            table.add_row(each.name, *figures, *_price(each))
        constant = [mean_and_spread([self._constant(output)]) for output in self.measures]
        table.add_row("constant answer", *constant, "", "", "", "")
        text = io.StringIO()
        Console(file=text, width=WIDTH).print(table)
        notes = [f"{c.name}: {c.device['error']}" for c in self.contenders if "error" in c.device]
        return text.getvalue() + "".join(f"{note}\n" for note in notes)

    def _constant(self, output: str) -> float:
        """The best answer that never looks."""
        figures = self.contenders[0].outcomes[0].constant[output]
        return figures.get(self.measures[output].name, math.nan)

    def _plain(self, each: Contender) -> dict[str, Any]:
        outputs = {}
        for output in self.measures:
            values = each.by_seed(output)
            outputs[output] = {
                "mean": or_none(each.mean(output)),
                "spread": spread(values),
                "by_seed": [or_none(value) for value in values],
            }
        return {
            "name": each.name,
            "alone": each.alone,
            "outputs": outputs,
            "parameters": each.parameters,
            "seconds": each.seconds,
            "rows": each.outcomes[0].rows,
            "device": dict(each.device),
        }

    def _flat(self, each: Contender) -> dict[str, Any]:
        figures: dict[str, float | None] = {}
        for output, measure in self.measures.items():
            figures[f"{output} {measure.name}"] = or_none(each.mean(output))
            figures[f"{output} spread"] = spread(each.by_seed(output))
        price = {name: each.device.get(name) for name in ("file_kb", "ms")}
        of_all = {"parameters": each.parameters, **price, "seconds": each.seconds}
        return {"name": each.name, "alone": each.alone, **figures, **of_all}


def compare(
    recipes: Mapping[str, Recipe | Variant],
    data: Manifest,
    seeds: int = 3,
    epochs: int = 30,
    out: str | os.PathLike[str] = "runs/compare",
    training: Training = Training(),  # noqa: B008  frozen
    baselines: bool = True,
    on_device: OnDevice | None = None,
) -> Comparison:
    """Trains each recipe from several seeds, on one split, and judges all on its test rows.

    A value may be a `Variant`, a recipe with a training of its own. `training.seed` draws the split
    and is the first of the seeds. With `baselines`, each input of the first recipe is also trained
    alone, on the same rows. `on_device` measures the first run of each; it is
    `mmkeras_export.device_figures`. Each training is a run in `out/NAME/seed-N`: what is finished
    there is not trained again, and an unfinished one goes on. The table is stored beside them, as
    CSV, JSON and picture. Raises ValueError for a run there that was trained otherwise.
    """
    if not recipes or seeds < 1:
        raise ValueError(f"wanted recipes and a seed or more. Received: {len(recipes)}, {seeds}")
    variants = {
        name: of if isinstance(of, Variant) else Variant(of, training)
        for name, of in recipes.items()
    }
    measures = _same_measures(variants)
    if baselines:
        variants |= _alone(next(iter(variants.values())), set(variants))
    folders = [folder_name(name) for name in variants]
    if len(set(folders)) < len(folders):
        raise ValueError(f"names that differ in letters and digits, please: {', '.join(variants)}")
    rows, out, contenders = Rows(*data.split(training.seed)), Path(out), []
    for position, (name, variant) in enumerate(variants.items()):
        folder, outcomes = out / folder_name(name), []
        for i in range(seeds):
            number = training.seed + i
            announce(f"{name}, seed {number}", position * seeds + i + 1, len(variants) * seeds)
            seeded = variant._replace(training=replace(variant.training, seed=number))
            outcomes.append(outcome(seeded, rows, epochs, folder / f"seed-{number}"))
        first = folder / f"seed-{training.seed}"
        price = _on_device(first, variant, rows, on_device) if on_device else {}
        alone = variant.whole is not None
        contenders.append(Contender(name, tuple(outcomes), price, alone))
    output, measure = next(iter(measures.items()))
    found = Comparison(tuple(ranked(contenders, output, measure)), measures)
    found.save(out)
    return found


def ranked(contenders: list[Contender], output: str, measure: Measure) -> list[Contender]:
    """The best first, those without a figure last."""
    sign = -1 if measure.higher else 1
    means = {each.name: sign * each.mean(output) for each in contenders}
    return sorted(contenders, key=lambda c: (math.isnan(means[c.name]), means[c.name]))


def _same_measures(variants: Mapping[str, Variant]) -> dict[str, Measure]:
    """Those that decide. Raises ValueError for recipes with different outputs."""
    first, *others = ((name, measures_of(of.recipe)) for name, of in variants.items())
    for name, measures in others:
        if measures != first[1]:
            raise ValueError(f"{first[0]!r} and {name!r} have other outputs: compare equals")
    return first[1]


def _alone(variant: Variant, taken: set[str]) -> dict[str, Variant]:
    """Each input of a recipe by itself; a single one is alone already."""
    names = list(variant.recipe.inputs)
    if len(names) < 2:
        return {}
    found = {}
    for name in names:
        said = f"{name} alone"
        while said in taken:
            said += "'"
        found[said] = Variant(variant.recipe.only(name), variant.training, variant.recipe)
    return found


def _on_device(path: Path, variant: Variant, rows: Rows, measure: OnDevice) -> Mapping[str, Any]:
    """Measured once. A model that cannot be converted is a line in the table, no end of it."""
    stored = path.parent / DEVICE
    if stored.is_file():
        return json.loads(stored.read_text(encoding="utf-8"))
    try:
        found: dict[str, Any] = dict(measure(load(path), rows.of(variant)["test"]))
    except ValueError as error:  # as ConversionError is
        found = {"error": str(error)}
    write_json(stored, found)
    return found


def _price(each: Contender) -> list[str]:
    device = each.device
    return [
        f"{each.parameters:,}",
        f"{device['file_kb']:,.0f}" if "file_kb" in device else "",
        f"{device['ms']:.2f}" if "ms" in device else "",
        f"{each.seconds:.0f}",
    ]
