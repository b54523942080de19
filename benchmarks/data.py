"""Prepared rows: how fast they are made and read, what a step waits for them, and their memory.

    python benchmarks/data.py [--rows 2000] [--repeats 3] [--gb 2] [--folder TMP]

Prints Markdown tables: rows a second and core of `mmkeras prepare` against plain calls of Pillow
and soundfile (goal 0.9 of them), batches a second against decoding the originals (goal 5 times, or
the speed of memcpy), the share of the time of an epoch of the default recipe, augmented, in which
the loop has no batch yet (goal below 2 percent), and the peak memory of preparing and of an epoch
with a set of so many GB (goal below 2,048 MB; `--gb 20` is the set of the promise and wants 21 GB
of disk). Rates of making are by the time of the processor, so that other programs disturb them
little.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import soundfile
from peak import peak_of
from PIL import Image

import mmkeras
from mmkeras.prepared import Prepared

SIZE_PX, RATE_HZ, CLIP_S = (500, 375), 16_000, 1.5  # of the originals: a photo of ImageNet
ORIGINALS = 200  # different files; further rows are links to them, which are decoded all the same
BATCH, LARGE_PX = 64, 512
GOALS = {"prepare": 0.9, "batches": 5.0, "waiting": 0.02, "mb": 2_048.0}


def written(folder: Path, rows: int, sounds: bool = True) -> Path:
    """A manifest of so many rows, each with a JPEG and a WAV of its own name."""
    random = np.random.default_rng(0)
    for i in range(min(rows, ORIGINALS)):
        blobs = random.integers(0, 256, (40, 50, 3), np.uint8)
        picture = Image.fromarray(blobs).resize(SIZE_PX, Image.Resampling.BICUBIC)
        picture.save(folder / f"{i}.jpg", quality=90)
        if sounds:
            wave = random.normal(0, 0.1, int(RATE_HZ * CLIP_S))
            soundfile.write(folder / f"{i}.wav", wave, RATE_HZ)
    lines = ["picture,sound,label"]
    for i in range(rows):
        for ending in ("jpg", "wav") if sounds else ("jpg",):
            if i >= ORIGINALS:
                os.link(folder / f"{i % ORIGINALS}.{ending}", folder / f"{i}.{ending}")
        lines.append(f"{i}.jpg,{i}.wav,{'ab'[i % 2]}")
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def recipe_of(sounds: bool = True, px: int = 64) -> mmkeras.Recipe:
    inputs = {"image": mmkeras.Image("cnn", (px, px))}
    if sounds:
        inputs["audio"] = mmkeras.Audio("cnn")
    return mmkeras.Recipe(inputs, {"label": mmkeras.Classify(("a", "b"))})


def read(path: Path, sounds: bool = True) -> mmkeras.Manifest:
    audio = "sound" if sounds else None
    return mmkeras.load_manifest(path, "picture", audio=audio, targets={"label": "classify"})


def plain(folder: Path, rows: int, px: int = 64) -> None:
    """What anybody would write; nothing is kept, checked or stored."""
    for i in range(rows):
        with Image.open(folder / f"{i}.jpg") as picture:
            np.asarray(picture.convert("RGB").resize((px, px), Image.Resampling.BILINEAR))
        soundfile.read(folder / f"{i}.wav", dtype="float32")


def cpu_s(run: Callable[[], object]) -> float:
    begun_s = time.process_time()
    run()
    return time.process_time() - begun_s


def making(folder: Path, rows: int, repeats: int) -> float:
    """The median of the ratios of rows a second and core, in turns."""
    manifest, recipe, ratios = read(folder / "rows.csv"), recipe_of(), []
    one = mmkeras.Work(workers=1)
    for turn in range(repeats + 1):
        out = folder / "made"
        ours = cpu_s(lambda out=out: mmkeras.prepare_to(manifest, out, recipe, work=one))
        theirs = cpu_s(lambda: plain(folder, rows))
        if turn:  # the first warms up
            ratios.append(theirs / ours)
            print(f"| {rows / ours:,.0f} | {rows / theirs:,.0f} | {theirs / ours:.2f} |")
        shutil.rmtree(out)
    return statistics.median(ratios)


def reading(folder: Path, data: Prepared, repeats: int) -> tuple[float, float]:
    """How many times faster a batch is read than decoded, and as a share of memcpy's speed."""
    from mmkeras.dataset import Batches

    batches = Batches(data, BATCH, shuffle=True)
    count = len(batches) - 1
    feed, _ = batches[0]
    size = sum(array.nbytes for array in feed.values())
    found = []
    for turn in range(repeats + 1):
        batches.on_epoch_begin()
        ours = wall_s(lambda: [batches[i] for i in range(count)]) / count
        copied = wall_s(lambda: [{n: a.copy() for n, a in feed.items()} for _ in range(count)])
        decoded = wall_s(lambda: plain(folder, BATCH))
        if turn:
            found.append((decoded / ours, copied / count / ours))
            rates = [1 / ours, 1 / decoded, count / copied]
            print("| " + " | ".join(f"{rate:,.0f}" for rate in rates), end=" | ")
            print(f"{decoded / ours:,.1f} | {size / ours / 2**20:,.0f} |")
    return tuple(statistics.median(column) for column in zip(*found, strict=True))  # type: ignore[return-value]


def wall_s(run: Callable[[], object]) -> float:
    begun_s = time.perf_counter()
    run()
    return time.perf_counter() - begun_s


def waiting(data: Prepared, repeats: int) -> float:
    """The share of the time of an epoch in which the loop has no batch yet: the median."""
    from mmkeras.balance import losses_for
    from mmkeras.dataset import Batches
    from mmkeras.session import compile_for

    data = data.rows(np.arange(len(data) // BATCH * BATCH))
    training, steps = mmkeras.Training(), len(data) // BATCH
    model = mmkeras.assemble(data.recipe)
    compile_for(model, data.recipe, training, losses_for(model, data.recipe), steps)
    batches = Batches(data, BATCH, shuffle=True, augment=("image", "audio"))
    shares = []
    for turn in range(repeats + 1):
        batches.on_epoch_begin()
        begun_s, waited_s = time.perf_counter(), 0.0
        for i in range(steps):
            asked_s = time.perf_counter()
            feed, answers = batches[i]
            waited_s += (time.perf_counter() - asked_s) * (
                i > 0
            )  # nobody can be ahead of the first
            model.train_on_batch(feed, answers)
        total_s = time.perf_counter() - begun_s
        if turn:
            shares.append(waited_s / total_s)
            print(
                f"| {1e3 * total_s / steps:.1f} | {1e3 * waited_s / steps:.2f} | {shares[-1]:.1%} |"
            )
    return statistics.median(shares)


def remembering(folder: Path, gb: float) -> float:
    """The peak memory in MB of preparing and of training with so many GB, the larger one."""
    rows = int(gb * 2**30 / (LARGE_PX * LARGE_PX * 3))
    (folder / "large").mkdir()
    written(folder / "large", rows, sounds=False)
    peaks = []
    for what in ("prepare", "train"):
        call = [sys.executable, __file__, "--child", what, "--folder", str(folder / "large")]
        begun_s = time.perf_counter()
        peaks.append(peak_of(call))
        cells = (rows, *peaks[-1], time.perf_counter() - begun_s)
        print(f"| {what} | " + " | ".join(f"{cell:,.0f}" for cell in cells) + " |", flush=True)
    return max(peak.total for peak in peaks)


def child(what: str, folder: Path) -> None:
    """One of the processes whose memory is measured."""
    if what == "prepare":
        recipe = recipe_of(sounds=False, px=LARGE_PX)
        mmkeras.prepare_to(read(folder / "rows.csv", sounds=False), folder / "out", recipe)
    else:
        import keras

        small = [
            keras.layers.Rescaling(1 / 255),
            keras.layers.AveragePooling2D(32),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
        tower = keras.Sequential([keras.Input((LARGE_PX, LARGE_PX, 3)), *small])
        train, valid, _ = mmkeras.open_prepared(folder / "out").split()
        model = mmkeras.build_model(
            image=mmkeras.Image(tower, (LARGE_PX, LARGE_PX)), outputs=dict(train.recipe.outputs)
        )
        mmkeras.fit(model, train, valid, 1, training=mmkeras.Training(augment=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--gb", type=float, default=2.0)
    parser.add_argument("--folder", type=Path, help="where to write; on the disk to be measured")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.folder)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        written(folder, options.rows)
        print("| prepared rows/s and core | plain calls | ratio |\n|---|---|---|")
        results = {"prepare": making(folder, options.rows, options.repeats)}
        data = mmkeras.prepare_to(read(folder / "rows.csv"), folder / "out", recipe_of())
        print("\n| batches/s | decoded | copied | times decoding | MB/s |\n|---|---|---|---|---|")
        results["batches"], of_memcpy = reading(folder, data, options.repeats)
        print("\n| ms a step | waits | share |\n|---|---|---|")
        results["waiting"] = waiting(data, options.repeats)
        print("\n| peak memory | rows | MB | anonymous | seconds |\n|---|---|---|---|---|")
        results["mb"] = remembering(folder, options.gb)
    print()
    for goal, value in results.items():
        least = goal in ("prepare", "batches")
        met = value >= GOALS[goal] if least else value <= GOALS[goal]
        wanted = f"{'at least' if least else 'at most'} {GOALS[goal]:g}"
        print(f"{goal}: {value:.3g}, wanted {wanted}: {'met' if met else 'missed'}")
    print(f"reading is {of_memcpy:.0%} of the speed of memcpy")


if __name__ == "__main__":
    main()
