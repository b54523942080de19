"""What each modality and each lever of the training is worth, on real data: a Markdown table.

Rows: all inputs as the recipe and the defaults have it, each input alone, each pair of them, and
one lever changed at a time. Figures: test accuracy, mean and standard deviation over seeds; each
seed is another split where the set has no fixed one, another start and another order of the rows.
Hours on a small machine, so every training is kept in --out and none is done twice.

    python benchmarks/accuracy.py --data stamps --seeds 3 --out runs/accuracy
    python benchmarks/accuracy.py --data gated_digits --seeds 1 \
        --only "all inputs,image and text,image and audio,text and audio"
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from mmkeras.quiet import import_keras

if TYPE_CHECKING:
    from mmkeras.prepared import Prepared
    from mmkeras.recipe import Recipe

ALL = "all inputs"
EPOCHS = {"stamps": 10, "digits": 20, "gated_digits": 8}
USUAL: dict[str, dict[str, Any]] = {  # what of the training the set itself asks for
    "stamps": {},
    "digits": {"augment": False},  # a mirrored digit is none
    "gated_digits": {"augment": False},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=EPOCHS, default="stamps")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", help="names of rows, separated by commas")
    parser.add_argument("--out", type=Path, default=Path("runs/accuracy"))
    options = parser.parse_args()
    import_keras()
    folder = options.out / options.data
    rows = variants(recipe_of(options.data))
    names = options.only.split(",") if options.only else list(rows)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in range(options.seeds):
        for name in names:
            out = folder / f"{name.replace(' ', '-')}-{seed}"
            figures = accuracy_of(options.data, folder / "data", *rows[name], seed, out)
            found[name].append(figures)
            print(f"seed {seed}, {name}: {figures}", flush=True)
    print_table(found)


def recipe_of(data: str) -> Recipe:
    """The recipe of a set, whose labels the manifest fills in."""
    from mmkeras.recipes import GATED_DIGITS, STAMPS
    from mmkeras.tasks import Classify

    if data == "stamps":
        return STAMPS
    if data == "gated_digits":
        return GATED_DIGITS
    outputs = {"digit": Classify(10)}
    return replace(
        GATED_DIGITS, outputs=outputs, optional=("text",), hidden=(), modality_dropout=0.3
    )


def variants(recipe: Recipe) -> dict[str, tuple[Recipe, dict[str, Any]]]:
    """Name -> the recipe, and what of the training is another."""
    levers: dict[str, dict[str, Any]] = {
        "no augmentation": {"augment": False},
        "no warm-up": {"warm_up": 0.0},
        "no weight decay": {"weight_decay": 0.0},
        "no clipping": {"clip_norm": 0.0},
        "half the rate": {"learning_rate": 1e-3},
        "twice the rate": {"learning_rate": 4e-3},
        "label smoothing 0.1": {"label_smoothing": 0.1},
        "balanced class weights": {"class_weights": "balanced"},
        "focal loss": {"loss": "focal"},
        "averaged weights 0.99": {"ema": 0.99},
        "soup of 3 epochs": {"soup": 3},
        "best epoch by score": {"monitor": "score"},
        "modality balance": {"modality_balance": "ogm"},
    }
    if len(recipe.outputs) > 1:
        levers["uncertainty weighting"] = {"balance": "uncertainty"}
    found: dict[str, tuple[Recipe, dict[str, Any]]] = {ALL: (recipe, {})}
    found |= {f"{name} alone": (recipe.only(name), {}) for name in recipe.inputs}
    if len(recipe.inputs) > 2:
        pairs = combinations(recipe.inputs, 2)
        found |= {" and ".join(pair): (recipe.only(*pair), {}) for pair in pairs}
    found["no modality dropout"] = (replace(recipe, modality_dropout=0.0), {})
    return found | {name: (recipe, change) for name, change in levers.items()}


def accuracy_of(
    data: str, folder: Path, recipe: Recipe, change: dict[str, Any], seed: int, out: Path
) -> dict[str, float]:
    """Test accuracy by output of one training, which is taken from `out` if it is there."""
    from mmkeras import Training, evaluate, fit

    train, valid, test = prepared(data, folder, seed)
    recipe = replace(recipe, outputs=train.recipe.outputs)
    training = Training(seed=seed, **{**USUAL[data], **change})
    run = fit(recipe, train, valid, EPOCHS[data], out, training, resume=True)
    return {name: round(value, 4) for name, value in evaluate(run, test).accuracy.items()}


@cache
def prepared(data: str, folder: Path, seed: int) -> list[Prepared]:
    """Training, validation and test rows."""
    from mmkeras import load_manifest
    from mmkeras.datasets import DATASETS, digits, gated_digits
    from mmkeras.prepare import prepare
    from mmkeras.quickstart import TARGETS
    from mmkeras.tokenizer import tokenizer_for

    stamps = {"image": "image", "text": "caption", "audio": "speech", "targets": TARGETS}
    columns: dict[str, dict[str, Any]] = {
        "stamps": {**stamps, "group": "group"},
        "digits": digits.COLUMNS,
        "gated_digits": gated_digits.COLUMNS,
    }
    parts = load_manifest(DATASETS[data](folder), **columns[data]).split(seed)
    recipe = recipe_of(data)
    recipe = replace(recipe, outputs={name: parts[0].task(name) for name in recipe.outputs})
    tokenizer_json = tokenizer_for(recipe, parts[0])
    return [prepare(part, recipe, tokenizer_json) for part in parts]


def print_table(found: dict[str, list[dict[str, float]]]) -> None:
    """Mean and spread, and the difference to the first row, by output."""
    outputs = list(found[next(iter(found))][0])
    heads = [cell for output in outputs for cell in (output, "difference")]
    print(f"\n| | {' | '.join(heads)} |\n|---{'|---' * len(heads)}|")
    usual = {output: mean(f[output] for f in found[next(iter(found))]) for output in outputs}
    for name, figures in found.items():
        cells = []
        for output in outputs:
            values = [figure[output] for figure in figures]
            spread = f" ± {stdev(values):.3f}" if len(values) > 1 else ""
            change = f"{100 * (mean(values) - usual[output]):+.1f}" if name != ALL else ""
            cells += [f"{mean(values):.3f}{spread}", change]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
