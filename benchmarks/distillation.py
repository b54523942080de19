"""What a small model gains when a large one teaches it, on the Tux Paint stamps.

The teacher is the recipe `stamps_pretrained`; the student reads pictures of 32 px. Of the training
rows, a share has labels. The teacher and the student alone learn from these; the student that is
taught learns from all rows, from the teacher's answers where there is no label, and once more from
what it fuses as well. All students take as many steps. Each seed is another split, another choice
of labelled rows, another start. Prints a Markdown table of the accuracy on the test rows, which
none of them has seen.

    python benchmarks/distillation.py --seeds 3
    python benchmarks/distillation.py --seeds 3 --labelled 1 --features 0

With --folder, what is trained is found there the next time.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np

from mmkeras.quiet import import_keras

import_keras()

import mmkeras  # noqa: E402
from mmkeras import Classify, Image, Manifest, Training  # noqa: E402
from mmkeras.datasets import DATASETS  # noqa: E402
from mmkeras.recipes import STAMPS, STAMPS_PRETRAINED  # noqa: E402

TARGETS = {"category": "classify", "language": "classify"}
STUDENT = replace(
    STAMPS, inputs={**STAMPS.inputs, "image": Image("cnn", size_px=(32, 32))}, width=32
)
TEACHERS_EPOCHS = 10  # over as many rows as there are in all, as in the quickstart
EPOCHS = 30  # over all rows: who imitates has more to learn than labels, and takes longer

Figures = dict[str, float]  # accuracy by output


class Plan(NamedTuple):
    folder: Path
    epochs: int
    labelled: float
    share: float
    temperature: float
    features: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--labelled", type=float, default=0.25, help="share of the rows")
    parser.add_argument("--share", type=float, default=0.9, help="teacher_share")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--features", type=float, default=1.0, help="teacher_features; 0: without")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        folder = options.folder or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        asked = vars(options) | {"folder": folder}
        plan = Plan(**{name: asked[name] for name in Plan._fields})
        found = []
        for seed in range(options.seeds):
            found.append(seed_of(plan, seed))
            print(f"seed {seed}: {found[-1]}", flush=True)
    print_table(found)


def seed_of(plan: Plan, seed: int) -> dict[str, Figures]:
    """Accuracy on the test rows, by who was trained."""
    source = plan.folder / "data"
    path = source / "stamps.csv" if source.is_dir() else DATASETS["stamps"](source)
    data = mmkeras.load_manifest(path, "image", "caption", "speech", TARGETS, "group")
    train, valid, test = data.split(seed)
    known, partly = labelled_share(train, plan.labelled, seed)
    outputs = {name: Classify(data.classes(name)) for name in TARGETS}
    large, small = (replace(each, outputs=outputs) for each in (STAMPS_PRETRAINED, STUDENT))
    plain = Training(seed=seed)
    told = replace(plain, teacher_share=plan.share, temperature=plan.temperature)
    more = len(train) / len(known)  # epochs of the labelled rows, for as many steps

    def trained(recipe, rows, epochs, training, name, teacher=None) -> mmkeras.Run:
        out = plan.folder / f"{name}-{plan.labelled:g}-{seed}"
        epochs, going_on = round(epochs), {"resume": True, "teacher": teacher}
        return mmkeras.fit(recipe, rows, valid, epochs, out, training, **going_on)

    teacher = trained(large, known, TEACHERS_EPOCHS * more, plain, "teacher")
    long, how = f"{plan.epochs}", f"{plan.epochs}-{plan.share:g}-{plan.temperature:g}"
    runs = {
        "teacher": teacher,
        "student alone": trained(small, known, plan.epochs * more, plain, f"alone-{long}"),
        "taught": trained(small, partly, plan.epochs, told, f"taught-{how}", teacher),
    }
    if plan.features:
        told = replace(told, teacher_features=plan.features)
        name = f"features-{plan.features:g}-{how}"
        runs["taught, features"] = trained(small, partly, plan.epochs, told, name, teacher)
    return {name: dict(mmkeras.evaluate(run, test).accuracy) for name, run in runs.items()}


def labelled_share(train: Manifest, share: float, seed: int) -> tuple[Manifest, Manifest]:
    """The rows that have labels, and all of them, the others with empty cells; by stamp."""
    stamps = train.table["group"]
    names = np.random.default_rng(seed).permutation(np.asarray(stamps.unique(), object))
    known = stamps.isin(names[: round(share * len(names))])
    cells = {target: train.table[target].where(known, "") for target in TARGETS}
    return train.on_lines(train.table.index[known]), replace(
        train, table=train.table.assign(**cells)
    )


def print_table(found: list[dict[str, Figures]]) -> None:
    outputs = list(TARGETS)
    print(f"\n| {' | '.join(['trained', *outputs])} |")
    print("|---" * (1 + len(outputs)) + "|")
    for name in found[0]:
        cells = [spread([each[name][output] for each in found]) for output in outputs]
        print(f"| {' | '.join([name, *cells])} |")
    for name in list(found[0])[2:]:
        gains = [
            spread([each[name][o] - each["student alone"][o] for each in found]) for o in outputs
        ]
        print(f"| {' | '.join([f'gain, {name}', *gains])} |")


def spread(values: list[float]) -> str:
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
