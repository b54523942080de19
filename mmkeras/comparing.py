"""Several recipes trained from several seeds each: which is better, by how much, at what price."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmkeras.comparison import Comparison, Contender
from mmkeras.heads.measures import Measure
from mmkeras.manifest import Manifest
from mmkeras.plain_file import write_json
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras.run import Run, load
from mmkeras.series import Rows, Variant, announce, folder_name, measures_of, outcome
from mmkeras.training import Training

DEVICE = "device.json"

OnDevice = Callable[[Run, Prepared], Mapping[str, float]]  # "file_kb" and "ms" of a run


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
