"""What names, checks and preprocessing cost over the bare runtime, in one run on one file.

    python benchmarks/edge_overhead.py FILE

Goals: `Graph.run` and `predict` on decoded arrays at most 5 percent or 0.15 ms over `invoke`;
`predict` from encoded files at most 5 percent over Pillow, soundfile, soxr, tokenizers and
`invoke` called by hand. The two sides of a line take turns, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping
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
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec, presence_name

TINY = Path(__file__).parent.parent / "tests" / "edge" / "tiny.tflite"
WARM_UP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", default=TINY)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    model = load(options.file, options.threads)
    raw = read_golden(model.file)[0].raw
    feed = model.load_sample(**raw)
    decoded = {name: decoded_like(feed[name], raw[name], name, model) for name in raw}
    np.testing.assert_allclose(by_hand(model, raw), model.graph.run(feed)[first(model)], atol=1e-6)

    invoke = model.graph.interpreter.invoke
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "Graph.run / invoke": (lambda: model.graph.run(feed), invoke),
        "predict(arrays) / invoke": (lambda: model.predict(**decoded), invoke),
        "predict(files) / by hand": (lambda: model.predict(**raw), lambda: by_hand(model, raw)),
    }
    print(f"{options.file}, {model.graph.runtime}, {model.graph.threads} threads, medians in ms")
    print(f"{'':26}{'ours':>9}{'theirs':>9}{'more':>9}{'ratio':>8}")
    for name, (ours, theirs) in pairs.items():
        ours_ms, theirs_ms = medians_ms(ours, theirs, options.runs)
        more, ratio = ours_ms - theirs_ms, ours_ms / theirs_ms
        print(f"{name:26}{ours_ms:9.3f}{theirs_ms:9.3f}{more:9.3f}{ratio:8.3f}")


def medians_ms(ours: Callable[[], Any], theirs: Callable[[], Any], runs: int) -> tuple[float, ...]:
    times_ms = np.zeros((WARM_UP + runs, 2))
    for row in times_ms:
        for i, call in enumerate((ours, theirs)):
            start = perf_counter()
            call()
            row[i] = 1e3 * (perf_counter() - start)
    return tuple(np.median(times_ms[WARM_UP:], axis=0))


def decoded_like(array: np.ndarray, raw: bytes | str, name: str, model: Model) -> Any:
    """What `predict` takes when nothing is left to decode, resize or resample; a text as it is."""
    spec = model.file.card.inputs[name]
    if isinstance(spec, TextSpec):
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


if __name__ == "__main__":
    main()
