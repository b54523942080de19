"""What `modality_balance="ogm"` gains where one modality starves another, and where none does.

    python benchmarks/modality_balance.py [--seeds 3]

Prints a Markdown table: accuracy on rows that were never seen, mean and spread over the seeds, of
each modality alone, of both, and of both with their paces balanced; and steps a second.

The sets are two tables of numbers, four classes. In `starved`, the fast table has 60 columns of
weak evidence: few rows are learned by heart in a moment, to answer 3 in 4 of new ones. The slow one
says the class exactly, as the signs of two products x_1 x_2 and x_3 x_4 among columns of noise, for
which a model must first find the pairs. In `deaf`, the slow table is noise throughout: whoever
waits for it, waits for nothing.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import mmkeras
from mmkeras.adapting import adapt
from mmkeras.balance import losses_for
from mmkeras.dataset import Batches
from mmkeras.modality_balance import callbacks_for, paced, towers_of
from mmkeras.optimizer import RatedAdamW
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe

CLASSES = ("a", "b", "c", "d")
FAST, SLOW = 60, 8  # columns
ROWS = {"train": 1_000, "valid": 500, "test": 2_000}
EPOCHS, BATCH = 30, 50


class Rows(NamedTuple):
    train: Prepared
    valid: Prepared
    test: Prepared


def columns(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{i}" for i in range(count))


FIELDS = {"fast": columns("fast", FAST), "slow": columns("slow", SLOW)}


def drawn(which: str, rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Class ids (rows,) and the numbers of both tables (rows, FAST + SLOW)."""
    slow = random.normal(size=(rows, SLOW))
    ids = 2 * (slow[:, 0] * slow[:, 1] > 0) + (slow[:, 2] * slow[:, 3] > 0)
    if which == "deaf":
        slow = random.normal(size=(rows, SLOW))
    towards = np.random.default_rng(0).normal(size=(len(CLASSES), FAST)) / FAST**0.5
    fast = random.normal(size=(rows, FAST)) + 2.0 * towards[ids]
    return ids.astype(int), np.concatenate([fast, slow], axis=1)


def manifest(folder: Path, which: str, part: str, seed: int) -> mmkeras.Manifest:
    random = np.random.default_rng((seed, list(ROWS).index(part)))
    ids, numbers = drawn(which, ROWS[part], random)
    path = folder / f"{which}_{part}_{seed}.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["class", *FIELDS["fast"], *FIELDS["slow"]])
        for i, row in zip(ids, numbers, strict=True):
            writer.writerow([CLASSES[i], *(f"{number:.5f}" for number in row)])
    return mmkeras.load_manifest(path, table=FIELDS, targets={"class": "classify"})


def recipe_of_both() -> Recipe:
    return Recipe(
        inputs={name: mmkeras.Table(fields) for name, fields in FIELDS.items()},
        outputs={"class": mmkeras.Classify(CLASSES)},
        fusion="concat",
        width=32,
    )


class Outcome(NamedTuple):
    accuracy: float
    steps_per_s: float


def trained(recipe: Recipe, rows: Rows, balance: str, seed: int) -> Outcome:
    """The epoch that is best on the validation rows, on the test rows."""
    keras.utils.set_random_seed(seed)
    model = mmkeras.assemble(recipe)
    adapt(model, rows.train)
    steps = EPOCHS * -(-ROWS["train"] // BATCH)
    optimizer = RatedAdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps), weight_decay=1e-2)
    if balance == "ogm":
        optimizer = paced(optimizer, towers_of(model, recipe))
    model.compile(
        optimizer, losses_for(model, recipe), weighted_metrics=["sparse_categorical_accuracy"]
    )
    clock = Clock()
    model.fit(
        Batches(rows.train, BATCH, shuffle=True, seed=seed),
        validation_data=Batches(rows.valid, 500),
        epochs=EPOCHS,
        callbacks=[
            *callbacks_for(model, recipe, rows.train, steps, balance),
            keras.callbacks.EarlyStopping("val_loss", patience=EPOCHS, restore_best_weights=True),
            clock,
        ],
        verbose=0,
    )
    _, accuracy = model.evaluate(Batches(rows.test, 500), verbose=0)
    return Outcome(accuracy, clock.steps_per_s)


class Clock(keras.callbacks.Callback):
    """Steps a second behind the first epoch, in which everything is compiled."""

    def on_train_begin(self, logs=None):
        self._steps, self._s = 0, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._begun = epoch, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        if self._epoch:
            now = time.perf_counter()
            self._steps, self._s = self._steps + 1, self._s + now - self._begun
            self._begun = now

    @property
    def steps_per_s(self) -> float:
        return self._steps / self._s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    both = recipe_of_both()
    trials = {
        "fast alone": (both.only("fast"), "none"),
        "slow alone": (both.only("slow"), "none"),
        "both": (both, "none"),
        'both, "ogm"': (both, "ogm"),
    }
    print("| set | " + " | ".join(trials) + ' | steps/s, both | steps/s, "ogm" |')
    print("|---|" + "---|" * (len(trials) + 2))
    with tempfile.TemporaryDirectory() as folder:
        for which in ("starved", "deaf"):
            found: dict[str, list[Outcome]] = {name: [] for name in trials}
            for seed in range(seeds):
                parts = (manifest(Path(folder), which, part, seed) for part in ROWS)
                rows = Rows(*(prepare(part, both) for part in parts))
                for name, (recipe, balance) in trials.items():
                    if which == "deaf" and len(recipe.inputs) == 1:
                        continue  # the fast table is the same, the slow one has nothing to tell
                    narrow = Rows(*(part.narrowed(recipe) for part in rows))
                    found[name].append(trained(recipe, narrow, balance, seed))
            print(f"| {which} | " + " | ".join(map(line, found.values())), end=" | ", flush=True)
            print(
                " | ".join(f"{speed(of):.0f}" for of in list(found.values())[2:]) + " |", flush=True
            )


def line(outcomes: list[Outcome]) -> str:
    if not outcomes:
        return ""
    accuracies = np.array([outcome.accuracy for outcome in outcomes])
    return f"{accuracies.mean():.3f} ± {accuracies.std():.3f}"


def speed(outcomes: list[Outcome]) -> float:
    return float(np.median([outcome.steps_per_s for outcome in outcomes]))


if __name__ == "__main__":
    main()
