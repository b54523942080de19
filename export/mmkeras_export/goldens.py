"""Samples that travel in the file, so that a device can prove that it answers alike."""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras_edge.branches import Branches, at_root
from mmkeras_edge.golden import Golden, Raw
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import AudioSpec, ImageSpec, InputSpec, SensorSpec, VideoSpec, presence_name
from mmkeras_edge.text import read_tokenizer
from mmkeras_edge.traces import traces_of
from mmkeras_edge.video import load_video, needs_pyav
from mmkeras_export.second_root import divided

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
    pieces = _pieces(lite, recipe.optional)
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
        outputs = graph.run(feed)
        spectrograms = {} if pieces is None else _spectrograms(pieces, feed, given)
        for name in given:
            if recipe.specs[name].kind == "audio":
                feed[name] = feed[name].astype(np.float16)  # half the size, still 11 bits
        traces = traces_of(raw, recipe.specs)
        samples.append(Golden(raw, feed, outputs, traces, spectrograms))
    return samples


def _pieces(lite: bytes, optional: Iterable[str]) -> Branches | None:
    """The file's own pieces, which also make the spectrograms."""
    file, root = divided(lite, map(presence_name, optional))
    return Branches(at_root(file, root)) if root else None


def _spectrograms(
    pieces: Branches, feed: Mapping[str, np.ndarray], given: Collection[str]
) -> dict[str, np.ndarray]:
    return {n: pieces.spectrogram(n, feed[n]) for n in pieces.fronts if n in given}


def _small_rows(data: Prepared, count: int) -> list[int]:
    """The smallest row of each class, or range, of the first target; complete ones first."""
    labels = data.manifest.strata(next(iter(data.targets)))
    weights = []
    for row in range(min(len(data), SEARCHED)):
        sources = [data.manifest.sources(row)[name] for name in data.inputs]
        weights.append((sources.count(None), sum(map(_size, sources)), row))
    ranked = [row for _, _, row in sorted(weights)]
    first: dict[str, int] = {}  # label -> its smallest row
    for row in ranked:
        first.setdefault(labels[row], row)
    chosen = list(first.values())
    return [*chosen, *(row for row in ranked if row not in chosen)][:count]


def _size(source: Any) -> int:
    """Bytes of a file, of the views of one thing, or of what stands in the manifest itself."""
    if isinstance(source, tuple):
        return sum(map(_size, source))
    if isinstance(source, str) and os.path.exists(source):
        return os.path.getsize(source)
    return len(str(source)) if source is not None else 0


def _raw(source: Any, spec: InputSpec) -> Raw:
    """What the loader of a device decodes: content, not paths, and little of it."""
    if isinstance(source, tuple):
        assert isinstance(spec, ImageSpec)
        return tuple(_content(view, dataclasses.replace(spec, views=1)) for view in source)
    if isinstance(source, Mapping):
        return json.dumps(source, ensure_ascii=False)
    return source if spec.kind == "text" else _content(source, spec)


def _content(path: str, spec: InputSpec) -> bytes:
    if not os.path.isfile(path):  # a folder of pictures
        return SMALLER[spec.kind](path, spec)
    content = Path(path).read_bytes()
    film = spec.kind == "video" and needs_pyav(content)  # which a device may lack
    return SMALLER[spec.kind](content, spec) if film or len(content) > LIMIT_BYTES else content


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


def _smaller_sensor(content: bytes, spec: SensorSpec) -> bytes:
    return _npy(load_sensor(content, spec))


def _smaller_video(source: str | bytes, spec: VideoSpec) -> bytes:
    return _npy(load_video(source, spec))


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


SMALLER: dict[str, Any] = {
    "image": _smaller_image,
    "audio": _smaller_audio,
    "sensor": _smaller_sensor,
    "video": _smaller_video,
}
