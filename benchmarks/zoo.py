"""Every branch and fusion on the device's runtime: parameters, size and time of one sample.

    python benchmarks/zoo.py [--only image,text,audio,sensor,table,video,fusion] [--full]

Each branch alone under one small head, untrained, which changes neither size nor time; each fusion
over the same picture, text and sound. Times are of this machine: compare the ratios, which are to
the first line of each table. `--full` takes every backbone of `keras.applications`, not the
smallest of each family (an hour).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import mmkeras
from mmkeras.branches import audio, sensor, table, text
from mmkeras.branches.applications import APPLICATIONS
from mmkeras.branches.backbones import BACKBONES
from mmkeras.branches.video import TIMES
from mmkeras.fusion import FUSIONS
from mmkeras_export import convert, islands_of, quantize
from mmkeras_export.comparison import median_ms, rows_of

ROWS = 8  # calibration
ROUNDS, RUNS = 7, 20
VOCABULARY = 2_000
SMALLEST = (
    *("mobilenet", "mobilenet_v2", "mobilenet_v3_small", "nasnet_mobile", "efficientnet_b0"),
    *("efficientnet_v2_b0", "densenet121", "xception", "inception_v3", "inception_resnet_v2"),
    *("resnet50", "resnet50v2", "convnext_tiny", "vgg16"),
)
FUSED = {
    "image": mmkeras.Image("cnn", size_px=(64, 64)),
    "text": mmkeras.Text("embedding", length=16, vocabulary=VOCABULARY),
    "audio": mmkeras.Audio("cnn", clip_ms=1_500, rate_hz=8_000, mels=40),
}

Parts = Iterator[tuple[str, dict[str, Any]]]  # a line's name, arguments of build_model


def images(full: bool) -> Parts:
    for name in BACKBONES:
        if full or name not in APPLICATIONS or name in SMALLEST:
            yield name, {"image": name}


def texts(full: bool) -> Parts:
    for name in text.ENCODERS:
        size = {} if name == "minilm" else {"length": 16, "vocabulary": VOCABULARY}
        yield name, {"text": mmkeras.Text(name, **size)}


def sounds(full: bool) -> Parts:
    clip = {"clip_ms": 1_000, "rate_hz": 16_000}
    for name in ("cnn", *audio.ENCODERS, "mobilenet_v3_small", "resnet50"):
        yield name, {"audio": mmkeras.Audio(name, **clip)}
    yield "cnn, mfcc", {"audio": mmkeras.Audio("cnn", front="mfcc", **clip)}


def sensors(full: bool) -> Parts:
    for name in sensor.ENCODERS:
        yield name, {"sensors": mmkeras.Sensor(channels=6, branch=name)}


def tables(full: bool) -> Parts:
    fields = {"numbers": ("age", "height"), "categories": {"hand": ("left", "right")}}
    for name in table.ENCODERS:
        yield name, {"table": mmkeras.Table(**fields, branch=name)}


def videos(full: bool) -> Parts:
    for time in TIMES:
        yield f"cnn, {time}", {"video": mmkeras.Video("cnn", size_px=(64, 64), time=time)}
    yield "cnn3d", {"video": mmkeras.Video("cnn3d", size_px=(64, 64))}


def fusions(full: bool) -> Parts:
    for name in FUSIONS:
        yield name, {**FUSED, "fusion": name}
    early = {"name": "self_attention", "over": "tokens"}
    yield "self_attention over tokens", {**FUSED, "fusion": early}


PARTS = {
    "image": images,
    "text": texts,
    "audio": sounds,
    "sensor": sensors,
    "table": tables,
    "video": videos,
    "fusion": fusions,
}


def random_feed(model: keras.Model) -> dict[str, np.ndarray]:
    """Some rows of whatever the model takes."""
    random = np.random.default_rng(0)
    feed = {}
    for name, tensor in model.input.items():
        shape = (ROWS, *tensor.shape[1:])
        if tensor.dtype.startswith("float"):
            feed[name] = random.normal(size=shape).astype(np.float32)
        else:
            kinds = 256 if tensor.dtype == "uint8" else VOCABULARY
            feed[name] = random.integers(1, kinds, shape).astype(tensor.dtype)
        if name == "table":
            feed[name][:, -1] = 1.0  # a category's place
    return feed


class Built(NamedTuple):
    """A line of a table before it is measured."""

    name: str
    parameters: int
    feed: dict[str, np.ndarray]
    files: tuple[bytes, bytes]  # float32, int8


def built(name: str, parts: dict[str, Any]) -> Built:
    keras.utils.clear_session()
    model = mmkeras.build_model(**parts, num_classes=10)
    feed = random_feed(model)
    lite = convert(model)
    int8 = quantize(lite, "int8", rows_of(feed), islands_of(model))
    return Built(name, model.count_params(), feed, (lite, int8))


def steady_ms(lines: list[Built]) -> list[tuple[float, float]]:
    """Milliseconds of the float and the int8 file of each line.

    All are measured in turn, round after round, and the quietest round of each counts: whatever
    else the machine does for a while falls on all alike, and on none for good.
    """
    rounds = [
        [tuple(median_ms(lite, each.feed, RUNS) for lite in each.files) for each in lines]
        for _ in range(ROUNDS)
    ]
    return [tuple(np.min(of_line, axis=0)) for of_line in zip(*rounds, strict=True)]


def print_table(part: str, lines: list[Built]) -> None:
    print(f"\n| {part} | parameters | float kB | int8 kB | float ms | int8 ms ", end="")
    print("| float / first | int8 / float |\n|---|---|---|---|---|---|---|---|")
    times = steady_ms(lines)
    for each, (float_ms, int8_ms) in zip(lines, times, strict=True):
        numbers = (
            f"{each.parameters:,}",
            *(f"{len(lite) / 1e3:,.0f}" for lite in each.files),
            f"{float_ms:.2f}",
            f"{int8_ms:.2f}",
            f"{float_ms / times[0][0]:.2f}",
            f"{int8_ms / float_ms:.2f}",
        )
        print(f"| `{each.name}` | " + " | ".join(numbers) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    for part in options.only.split(","):
        print_table(part, [built(*each) for each in PARTS[part](options.full)])


if __name__ == "__main__":
    main()
