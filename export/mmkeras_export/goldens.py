"""Samples that travel in the file, so that a device can prove that it answers alike."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras_edge.golden import Golden
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.specs import AudioSpec, ImageSpec, InputSpec
from mmkeras_edge.text import read_tokenizer

SAMPLES = 3
SEARCHED = 1_000  # rows among which the smallest files are looked for
LIMIT_BYTES = 32_000  # a larger file is replaced by what the model sees of it


def golden_samples(run: Run, data: Prepared, lite: bytes) -> list[Golden]:
    """Rows of small files and different classes, with what this file answers.

    The second, third, ... lack one optional input each.
    """
    recipe = run.recipe
    tokenizer = read_tokenizer(run.tokenizer_json) if run.tokenizer_json else None
    graph = Graph(lite)
    absences = dict(enumerate(recipe.optional, start=1))
    rows = _small_rows(data, max(SAMPLES, 1 + len(absences)))
    samples = []
    for i, row in enumerate(rows):
        sources = data.manifest.sources(row)
        given = {n: sources[n] for n in recipe.inputs if sources[n] is not None}
        if len(given) > 1:
            given.pop(absences.get(i, ""), None)
        raw = {name: _raw(source, recipe.specs[name]) for name, source in given.items()}
        feed = load_sample(raw, recipe.specs, recipe.optional, tokenizer)
        samples.append(Golden(raw, feed, graph.run(feed)))
    return samples


def _small_rows(data: Prepared, count: int) -> list[int]:
    """The smallest row of each class of the first target, complete rows and small ones first."""
    labels = next(iter(data.targets.values()))
    weights = []
    for row in range(min(len(data), SEARCHED)):
        sources = [data.manifest.sources(row)[name] for name in data.inputs]
        size = sum(os.path.getsize(s) if os.path.isfile(s) else len(s) for s in sources if s)
        weights.append((sources.count(None), size, row))
    ranked = [row for _, _, row in sorted(weights)]
    first: dict[int, int] = {}  # label -> its smallest row
    for row in ranked:
        first.setdefault(int(labels[row]), row)
    chosen = list(first.values())
    return [*chosen, *(row for row in ranked if row not in chosen)][:count]


def _raw(source: str, spec: InputSpec) -> bytes | str:
    if spec.kind == "text":
        return source
    content = Path(source).read_bytes()
    return content if len(content) <= LIMIT_BYTES else SMALLER[spec.kind](content, spec)


def _smaller_image(content: bytes, spec: ImageSpec) -> bytes:
    from PIL import Image

    from mmkeras_edge.image import load_image

    file = io.BytesIO()
    Image.fromarray(load_image(content, spec)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _smaller_audio(content: bytes, spec: AudioSpec) -> bytes:
    import soundfile

    from mmkeras_edge.audio import load_audio

    file = io.BytesIO()
    soundfile.write(file, load_audio(content, spec), spec.rate_hz, "PCM_16", format="FLAC")
    return file.getvalue()


SMALLER: dict[str, Any] = {"image": _smaller_image, "audio": _smaller_audio}
