"""What shrinking is worth on the Tux Paint stamps, with trained models, against the goals.

All files of a row take turns on the device's runtime, so that the ratios hold on a busy machine
too; float32 on that runtime is the baseline. Measures are of the test rows. What is trained is kept
in --folder and found there the next time: about 15 minutes the first time, on 2 cores.

    python benchmarks/shrink.py --folder runs/shrink
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

from mmkeras.quiet import import_keras

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402

import mmkeras  # noqa: E402
from mmkeras import Run, Training  # noqa: E402
from mmkeras.adapting import specs_of  # noqa: E402
from mmkeras.datasets import DATASETS  # noqa: E402
from mmkeras.evaluation import predict  # noqa: E402
from mmkeras.prepare import prepare  # noqa: E402
from mmkeras.prepared import Prepared  # noqa: E402
from mmkeras.quickstart import TARGETS  # noqa: E402
from mmkeras.recipes import STAMPS, VGG16_RESNET50_SELF_ATTENTION  # noqa: E402
from mmkeras.tokenizer import tokenizer_for  # noqa: E402
from mmkeras_export import (  # noqa: E402
    Cut,
    cluster,
    compare,
    convert,
    export,
    prune,
    quantize,
    run_lite,
    slim,
)
from mmkeras_export.comparison import medians_ms  # noqa: E402
from mmkeras_export.fitting import noise_for  # noqa: E402
from mmkeras_export.pricing import compressed_bytes  # noqa: E402
from mmkeras_export.quantizing.calibration import calibration_samples  # noqa: E402

SPARSITY, SHARE, VALUES = 0.5, 0.5, 16
EPOCHS, TUNING_EPOCHS, SLIMMING_EPOCHS = 10, 3, 10
INT8_UNITS = ("amx_int8", "i8mm")  # of /proc/cpuinfo: they multiply matrices of bytes
FLOATS = 16  # that AVX-512 takes at once: what channels stay is a multiple


@dataclass(frozen=True)
class Rows:
    """The rows of one seed, decoded."""

    train: Prepared
    valid: Prepared
    test: Prepared


@dataclass(frozen=True)
class Line:
    """A line of the table: what is measured, what is wanted, what came out."""

    what: str
    goal: str
    found: str
    reached: bool

    def __str__(self) -> str:
        return f"| {self.what} | {self.goal} | {self.found} | {'yes' if self.reached else 'no'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("runs/shrink"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = rows_of(options.folder, options.seed)
    run = trained(options.folder, STAMPS, rows, options.seed)
    print("| what | goal | measured | reached |\n|---|---|---|---|", flush=True)
    for lines in (exported, pruned, slimmed):
        for line in lines(options.folder, run, rows):
            print(line, flush=True)
    print(large(), flush=True)


def rows_of(folder: Path, seed: int) -> Rows:
    path = folder / "data" / "stamps.csv"
    source = path if path.is_file() else DATASETS["stamps"](folder / "data")
    data = mmkeras.load_manifest(source, "image", "caption", "speech", TARGETS, "group")
    parts = data.split(seed)
    tokenizer_json = tokenizer_for(STAMPS, parts[0])
    recipe = replace(STAMPS, outputs={name: parts[0].task(name) for name in TARGETS})
    return Rows(*(prepare(part, recipe, tokenizer_json) for part in parts))


def trained(folder: Path, recipe: mmkeras.Recipe, rows: Rows, seed: int) -> Run:
    recipe = replace(recipe, outputs=rows.train.recipe.outputs)
    out = folder / f"{'-'.join(recipe.inputs)}-{seed}"
    training = Training(seed=seed)
    return mmkeras.fit(recipe, rows.train, rows.valid, EPOCHS, out, training, resume=True)


def exported(folder: Path, run: Run, rows: Rows) -> list[Line]:
    """Float parity, int8, and how long all variants with the gate take."""
    begun = time.perf_counter()
    report = export(run, folder / "auto.tflite", "auto", rows.train, rows.valid, budget=0.01)
    minutes = (time.perf_counter() - begun) / 60
    whole = convert(run.model)
    small = quantize(run.model, "int8", calibration_samples(run, rows.train))
    parity = max(seen.max_difference for seen in seen_of(run, whole, rows.test).values())
    lost = drop(run, small, run, rows.test)
    float_ms, int8_ms = medians_ms([whole, small], rows.test.feed(np.arange(8)), 200)
    share = len(small) / len(whole)
    alone = trained(folder, STAMPS.only("image"), rows, 0)
    seen = calibration_samples(alone, rows.train)
    pictures = [convert(alone.model), quantize(alone.model, "int8", seen)]
    image_ms = medians_ms(pictures, alone.prepare(rows.test).feed(np.arange(8)), 200)
    faster = float_ms / int8_ms, image_ms[0] / image_ms[1]
    return [
        Line("float parity, largest difference", "1e-4", f"{parity:.1e}", parity < 1e-4),
        Line("full int8, bytes", "27% of float", f"{share:.1%}", share <= 0.27),
        Line("full int8, points lost", "1", f"{lost:+.1f}", lost <= 1),
        Line("full int8, speed", "1 x float", f"{faster[0]:.2f} x", faster[0] >= 1),
        Line("picture alone in int8, speed", "1.2 x float", f"{faster[1]:.2f} x", faster[1] >= 1.2),
        Line(
            f"export of {len(report.tried)} variants with the gate",
            "3 minutes",
            f"{minutes:.1f} minutes",
            minutes < 3,
        ),
    ]


def pruned(folder: Path, run: Run, rows: Rows) -> list[Line]:
    """Half of the weights gone, then int8; and with shared values on top."""
    whole = compressed_bytes(convert(run.model))
    learn = rows.train, rows.valid
    zeros = prune(run, *learn, SPARSITY, TUNING_EPOCHS, folder / "pruned", resume=True)
    few = cluster(zeros, *learn, VALUES, TUNING_EPOCHS, folder / "clustered", resume=True)
    steps = {f"prune {SPARSITY:.0%}": zeros, f"the same + cluster {VALUES}": few}
    lines = []
    for name, step in steps.items():
        lite = quantize(step.model, "int8", calibration_samples(step, rows.train))
        share, lost = compressed_bytes(lite) / whole, drop(step, lite, run, rows.test)
        lines += [
            Line(f"{name} + int8, compressed", "18% of float", f"{share:.1%}", share <= 0.18),
            Line(f"{name} + int8, points lost", "1", f"{lost:+.1f}", lost <= 1),
        ]
    return lines


def slimmed(folder: Path, run: Run, rows: Rows) -> list[Line]:
    """Half of the multiply-adds gone, trained on."""
    learn = rows.train, rows.valid
    cut = Cut(multiple=FLOATS)
    small = slim(run, *learn, SHARE, SLIMMING_EPOCHS, folder / "slimmed", resume=True, cut=cut)
    lites = [convert(run.model), convert(small.model)]
    before_ms, after_ms = medians_ms(lites, rows.test.feed(np.arange(8)), 200)
    faster, lost = before_ms / after_ms, drop(small, lites[1], run, rows.test)
    return [
        Line("half of the multiply-adds, speed", "1.6 x", f"{faster:.2f} x", faster >= 1.6),
        Line("half of the multiply-adds, points lost", "2", f"{lost:+.1f}", lost <= 2),
    ]


def large() -> Line:
    """VGG16 + ResNet50 at 224 px; sizes and times need no training."""
    model = mmkeras.assemble(VGG16_RESNET50_SELF_ATTENTION)
    noise = [noise_for(model, seed) for seed in range(4)]
    feed = {name: np.stack([each[name] for each in noise]) for name in noise[0]}
    lites = [convert(model)]
    lites.append(quantize(model, "int8", noise))
    float_ms, int8_ms = medians_ms(lites, feed, 10)
    share, faster = len(lites[1]) / len(lites[0]), float_ms / int8_ms
    answers = [run_lite(lite, feed)["label"] for lite in lites]
    goal = 5.0 if has_int8_units() else 1.5
    return Line(
        "VGG16 + ResNet50 in int8: bytes, speed, largest difference",
        f"27%, {goal:g} x",
        f"{share:.1%}, {faster:.1f} x, {np.abs(answers[0] - answers[1]).max():.1e}",
        share <= 0.27 and faster >= goal,
    )


def seen_of(run: Run, lite: bytes, rows: Prepared):
    specs = specs_of(run.model, run.recipe)
    found = run_lite(lite, run.prepare(rows).feed())
    return compare(predict(run, rows), found, rows.answers(), specs).outputs


def drop(run: Run, lite: bytes, whole: Run, rows: Prepared) -> float:
    """Points of the worst output that a file lost against the float model that it came from."""
    before = mmkeras.evaluate(whole, rows).accuracy
    after = {name: seen.file for name, seen in seen_of(run, lite, rows).items()}
    return max(100 * (before[name] - after[name]) for name in before)


def has_int8_units() -> bool:
    """Whether this CPU multiplies bytes, as far as Linux says."""
    info = Path("/proc/cpuinfo")
    return info.is_file() and any(unit in info.read_text() for unit in INT8_UNITS)


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main()
