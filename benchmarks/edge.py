"""What the device's runtime costs, against LiteRT and decoders called by hand, in the same run.

    python benchmarks/edge.py FILE [--rows import arrays encoded ...] [--json]

A row is a function of an opened file that gives ours, theirs and the goal; `ROWS` lists them. The
two sides of a row take turns, so that a busy machine slows both, and what is told is the median of
the differences of turns.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import soundfile
import soxr
from PIL import Image

from mmkeras_edge import Model, load
from mmkeras_edge.audio import MARGIN_MS
from mmkeras_edge.golden import read_golden
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec, presence_name

TINY = Path(__file__).parent.parent / "tests" / "edge" / "tiny.tflite"
WARM_UP = 10
PROCESSES = 5  # of which the medians are told; one more reads the disk
START = """
import resource, sys, time
start = time.perf_counter()
{step}
seconds = time.perf_counter() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak.split()[1]) / 1000)
"""
OURS = "import mmkeras_edge\nmodel = mmkeras_edge.load(sys.argv[1])"
THEIRS = (
    "from ai_edge_litert.interpreter import Interpreter\n"
    "interpreter = Interpreter(sys.argv[1])\n"
    "interpreter.allocate_tensors()"
)


@dataclass(frozen=True)
class Row:
    """One line of the table; `reached` is whether the goal was, here and now."""

    what: str
    ours: str
    theirs: str
    goal: str
    reached: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=TINY)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), metavar="ROW")
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = load(options.file, options.threads)
    rows = [pick(ROWS, name, "row")(model, options.runs) for name in options.rows]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(f"{options.file}, {model.graph.runtime}, {model.graph.threads} threads\n")
    print("| what | ours | by hand | goal | |\n|---|---|---|---|---|")
    for row in rows:
        reached = "reached" if row.reached else "missed"
        print(f"| {row.what} | {row.ours} | {row.theirs} | {row.goal} | {reached} |")


def import_and_load(model: Model, runs: int) -> Row:
    """In processes of their own: a phone-size file is ready."""
    ours, theirs = (started(step, model.file.path) for step in (OURS, THEIRS))
    return Row(
        "import and load",
        "{:.2f} s, {:.0f} MB".format(*ours),
        "{:.2f} s, {:.0f} MB".format(*theirs),
        "under 0.35 s and 90 MB",
        ours[0] < 0.35 and ours[1] < 90,
    )


def started(step: str, path: str) -> tuple[float, float]:
    """Median seconds and median peak in MB of a step in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-c", START.format(step=step), path]
    results = []
    for _ in range(PROCESSES + 1):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        results.append([float(word) for word in done.stdout.split()])
    seconds, mb = zip(*results[1:], strict=True)
    return statistics.median(seconds), statistics.median(mb)


def arrays(model: Model, runs: int) -> Row:
    """`predict` when nothing is left to decode, over a bare `invoke`."""
    raw = whole_sample(model)
    feed = model.load_sample(**raw)
    decoded = {name: decoded_like(feed[name], raw[name], name, model) for name in raw}
    ours_ms, theirs_ms, more_ms = turns(
        lambda: model.predict(**decoded), model.graph.interpreter.invoke, runs
    )
    reached = more_ms <= max(0.05 * theirs_ms, 0.15)
    return _row("predict, decoded arrays", ours_ms, theirs_ms, more_ms, "5 % or 0.15 ms", reached)


def encoded(model: Model, runs: int) -> Row:
    """`predict` from files' content, over Pillow, soundfile, soxr, tokenizers and `invoke`."""
    raw = whole_sample(model)
    feed = model.load_sample(**raw)
    np.testing.assert_allclose(by_hand(model, raw), model.graph.run(feed)[first(model)], atol=1e-6)
    ours_ms, theirs_ms, more_ms = turns(
        lambda: model.predict(**raw), lambda: by_hand(model, raw), runs
    )
    reached = more_ms <= 0.05 * theirs_ms
    return _row("predict, picture, sound, text", ours_ms, theirs_ms, more_ms, "5 %", reached)


def _row(
    what: str, ours_ms: float, theirs_ms: float, more_ms: float, goal: str, reached: bool
) -> Row:
    ours = f"{ours_ms:.3f} ms ({more_ms:+.3f} ms, {more_ms / theirs_ms:+.1%})"
    return Row(what, ours, f"{theirs_ms:.3f} ms", f"at most {goal} more", reached)


def turns(
    ours: Callable[[], Any], theirs: Callable[[], Any], runs: int
) -> tuple[float, float, float]:
    """Medians in ms of both, and of what ours takes more than theirs in the same turn."""
    times_ms = np.zeros((WARM_UP + runs, 2))
    for turn, row in enumerate(times_ms):
        sides = (0, ours), (1, theirs)
        for i, call in sides if turn % 2 else sides[::-1]:
            start = perf_counter()
            call()
            row[i] = 1e3 * (perf_counter() - start)
    kept = times_ms[WARM_UP:]
    both = np.median(kept, axis=0)
    return float(both[0]), float(both[1]), float(np.median(kept[:, 0] - kept[:, 1]))


def whole_sample(model: Model) -> dict[str, Any]:
    """The first golden sample that lacks nothing."""
    samples = [dict(golden.raw) for golden in read_golden(model.file)]
    return max(samples, key=len)


def decoded_like(array: np.ndarray, raw: Any, name: str, model: Model) -> Any:
    """What `predict` takes when nothing is left to decode, resize or resample; a text as it is."""
    spec = model.file.card.inputs[name]
    if spec.kind in ("text", "table"):
        return raw
    return (array, spec.rate_hz) if isinstance(spec, AudioSpec) else array


def by_hand(model: Model, raw: Mapping[str, Any]) -> np.ndarray:
    """The first output, as one would write it for this model without mmkeras_edge."""
    interpreter = model.graph.interpreter
    for name, spec in model.file.card.inputs.items():
        array = HAND[type(spec)](raw[name], spec, model)
        interpreter.set_tensor(model.graph.inputs[name]["index"], array[np.newaxis])
    for name in model.file.card.optional:
        index = model.graph.inputs[presence_name(name)]["index"]
        interpreter.set_tensor(index, np.ones(1, np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(model.graph.outputs[first(model)]["index"])[0]


def image_by_hand(raw: bytes, spec: ImageSpec, model: Model) -> np.ndarray:
    picture: Image.Image = Image.open(io.BytesIO(raw))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        below = Image.new("RGBA", picture.size, (spec.background,) * 3 + (255,))
        picture = Image.alpha_composite(below, picture)
    size = (spec.width_px, spec.height_px)
    return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))


def text_by_hand(raw: str, spec: TextSpec, model: Model) -> np.ndarray:
    assert model.tokenizer is not None
    ids = model.tokenizer.encode(raw).ids[: spec.length]
    return np.array(ids + [0] * (spec.length - len(ids)), np.int32)


def audio_by_hand(raw: bytes, spec: AudioSpec, model: Model) -> np.ndarray:
    with soundfile.SoundFile(io.BytesIO(raw)) as sound:
        rate_hz = sound.samplerate
        frames = rate_hz * (spec.clip_ms + MARGIN_MS) // 1_000 + 1
        samples = sound.read(frames, dtype="float32", always_2d=True).mean(axis=1)
    samples = soxr.resample(samples, rate_hz, spec.rate_hz)[: spec.samples]
    return np.pad(samples, (0, spec.samples - len(samples)))


HAND: dict[type, Callable[..., np.ndarray]] = {
    ImageSpec: image_by_hand,
    TextSpec: text_by_hand,
    AudioSpec: audio_by_hand,
}


def first(model: Model) -> str:
    return next(iter(model.file.card.outputs))


ROWS: dict[str, Callable[[Model, int], Row]] = {
    "import": import_and_load,
    "arrays": arrays,
    "encoded": encoded,
}


if __name__ == "__main__":
    main()
