"""What `mmkeras.fit` costs over a bare Keras `fit` of the same compiled model on the same arrays.

    python benchmarks/training.py [--repeats 5] [--rows 8192] [--epochs 3]

Prints a Markdown table: milliseconds a step (median of the repeats, which alternate; without the
first epoch, which compiles), the ratio to the bare `fit` on a PyDataset, seconds to the end of the
first step, peak memory of the process so far. The same optimizer, losses and metrics throughout.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import mmkeras
from mmkeras.balance import losses_for
from mmkeras.dataset import Batches
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared
from mmkeras.session import compile_for

FIELDS = tuple(f"x{i}" for i in range(32))
LABELS = ("a", "b", "c", "d")
BATCH, UNITS = 64, 1_024  # a step of some milliseconds: shorter ones measure Keras alone
GOAL = 1.03
MB = 1024  # of the kB that Linux counts in


class Clock(keras.callbacks.Callback):
    """When the first step ended, and how long each epoch took after its validation was left out."""

    def __init__(self):
        super().__init__()
        self.begun_s = time.perf_counter()
        self.first_s = 0.0
        self.epochs_s: list[float] = []

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_s = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 1 and not self.first_s:
            self.first_s = time.perf_counter() - self.begun_s

    def on_test_begin(self, logs=None):
        self.epochs_s.append(time.perf_counter() - self._epoch_s)


class Measured(NamedTuple):
    step_ms: float
    first_s: float
    peak_mb: float


def written(folder: Path, rows: int) -> mmkeras.Manifest:
    random = np.random.default_rng(0)
    lines = [",".join((*FIELDS, "label"))]
    for row in random.normal(size=(rows, len(FIELDS))):
        lines.append(",".join((*(f"{x:.4f}" for x in row), LABELS[int(row[0] > 0)])))
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return mmkeras.load_manifest(path, table=FIELDS, targets={"label": "classify"})


def model_and_recipe():
    keras.utils.set_random_seed(0)
    table = mmkeras.Table(FIELDS, units=UNITS, layers=3)
    model = mmkeras.build_model(table=table, outputs={"label": mmkeras.Classify(LABELS)})
    return model, mmkeras.model.recipe_of(model)


def ours(train: Prepared, valid: Prepared, epochs: int) -> Clock:
    clock = Clock()
    model, _ = model_and_recipe()
    settings = mmkeras.Training(batch_size=BATCH, augment=False)
    mmkeras.fit(model, train, valid, epochs, training=settings, callbacks=[clock])
    return clock


def bare(train: Prepared, valid: Prepared, epochs: int, arrays: bool = False) -> Clock:
    clock = Clock()
    model, recipe = model_and_recipe()
    settings = mmkeras.Training(batch_size=BATCH)
    steps = epochs * -(-len(train) // BATCH)
    compile_for(model, recipe, settings, losses_for(model, recipe, "fixed"), steps)
    rows = np.arange(len(train))
    data = (
        {"x": train.feed(rows), "y": train.answers(rows), "batch_size": BATCH}
        if arrays
        else {"x": Batches(train, BATCH, shuffle=True), "shuffle": False}
    )
    model.fit(
        **data, validation_data=Batches(valid, 256), epochs=epochs, callbacks=[clock], verbose=0
    )
    return clock


def measured(fit: Callable[..., Clock], train: Prepared, valid: Prepared, epochs: int) -> Measured:
    clock = fit(train, valid, epochs)
    keras.backend.clear_session()
    steps = -(-len(train) // BATCH)
    step_ms = 1e3 * statistics.median(clock.epochs_s[1:]) / steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    return Measured(step_ms, clock.first_s, peak)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--rows", type=int, default=8_192)
    options.add_argument("--epochs", type=int, default=3)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = written(Path(folder), given.rows)
        _, recipe = model_and_recipe()
        train = prepare(rows, recipe, None)
        valid = prepare(rows.rows(range(256)), recipe, None)
        ways = {
            "Keras `fit`, PyDataset": bare,
            "Keras `fit`, arrays": lambda *args: bare(*args, arrays=True),
            "`mmkeras.fit`": ours,
        }
        found: dict[str, list[Measured]] = {name: [] for name in ways}
        for _ in range(given.repeats):
            for name, fit in ways.items():
                found[name].append(measured(fit, train, valid, given.epochs))
    first = next(iter(found))
    print(f"| {given.repeats} repeats | ms a step | ratio | s to the first step | peak MB |")
    print("|---|---|---|---|---|")
    for name, each in found.items():
        # Neighbours in time are compared, so that a busy machine is busy for both.
        pairs = zip(each, found[first], strict=True)
        ratio = statistics.median(one.step_ms / other.step_ms for one, other in pairs)
        step, start = (statistics.median(of[i] for of in each) for i in (0, 1))
        print(f"| {name} | {step:.2f} | {ratio:.3f} | {start:.2f} | {each[0].peak_mb:.0f} |")
    print(f"\nGoal: `mmkeras.fit` at most {GOAL} of a bare `fit` on a PyDataset.")


if __name__ == "__main__":
    main()
