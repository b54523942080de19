"""Golden samples: raw inputs, the arrays they became and the answers of this very file.

`golden.npz` inside an exported file holds, for the samples i = 0, 1, ...:

    {i}/{input}/raw      uint8 (n,)   the content of a picture, sound, film or recording, or a text
                                      or record in UTF-8; no such key: absent in this sample
    {i}/{input}/raw/{v}  uint8 (n,)   of several views, v = 0, 1, ...: the content of each
    {i}/{input}/array    what the training machine's loader made of it; a sound is kept as float16,
                                      half the size
    {i}/{input}/trace    float32      what decoding a picture or sound gave there, as in `traces.py`
    {i}/{input}/log_mel  float16      the spectrogram that the graph made of a sound there
    {i}/outputs/{name}   float32      what the file answered there, fed with the unrounded arrays
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mmkeras_edge.file import ModelFile, golden_arrays
from mmkeras_edge.traces import TRACED

Raw = bytes | str | tuple[bytes, ...]  # str for a text or a record, several for views
WORDS = ("text", "table")  # kinds whose raw is a str


@dataclass(frozen=True)
class Golden:
    """One golden sample by name; an absent input has no entry in `raw`.

    `arrays` may be a whole feed: only the arrays of what `raw` names are written. `traces` are of
    the inputs whose kind is in `TRACED`, `spectrograms` of those that the graph makes one of.
    """

    raw: Mapping[str, Raw]
    arrays: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]
    traces: Mapping[str, np.ndarray] = field(default_factory=dict)
    spectrograms: Mapping[str, np.ndarray] = field(default_factory=dict)


def write_golden(samples: Iterable[Golden]) -> bytes:
    """The content of `golden.npz`."""
    entries: dict[str, np.ndarray] = {}
    for i, sample in enumerate(samples):
        for name, raw in sample.raw.items():
            for key, content in _contents(f"{i}/{name}/raw", raw):
                entries[key] = np.frombuffer(content, np.uint8)
            entries[f"{i}/{name}/array"] = np.asarray(sample.arrays[name])
        for name, trace in sample.traces.items():
            entries[f"{i}/{name}/trace"] = np.asarray(trace, np.float32)
        for name, spectrogram in sample.spectrograms.items():
            entries[f"{i}/{name}/log_mel"] = np.asarray(spectrogram, np.float16)
        for name, values in sample.outputs.items():
            entries[f"{i}/outputs/{name}"] = np.asarray(values, np.float32)
    file = io.BytesIO()
    np.savez_compressed(file, **entries)  # type: ignore[arg-type]
    return file.getvalue()


def _contents(key: str, raw: Raw) -> list[tuple[str, bytes]]:
    if isinstance(raw, tuple):
        return [(f"{key}/{view}", content) for view, content in enumerate(raw)]
    return [(key, raw.encode() if isinstance(raw, str) else raw)]


def read_golden(file: ModelFile) -> list[Golden]:
    """The golden samples of an opened file, in order; float16 comes back as float32.

    Raises ValueError if it carries none, or they do not fit its card.
    """
    entries = golden_arrays(file)
    if not entries:  # nothing to compare would be a check that cannot fail
        raise ValueError(f"{file.path!r} carries no golden samples")
    try:
        numbers = sorted({int(key.split("/")[0]) for key in entries})
        return [_sample(entries, i, file) for i in numbers]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{file.path!r}: golden samples do not fit the card: {error}") from error


def _sample(entries: Mapping[str, np.ndarray], i: int, file: ModelFile) -> Golden:
    card = file.card
    raw: dict[str, Raw] = {}
    for name, spec in card.inputs.items():
        key = f"{i}/{name}/raw"
        if key in entries:
            content = entries[key].tobytes()
            raw[name] = content.decode() if spec.kind in WORDS else content
        elif f"{key}/0" in entries:
            views = range(getattr(spec, "views", 1))
            raw[name] = tuple(entries[f"{key}/{view}"].tobytes() for view in views)
    arrays = {n: entries[f"{i}/{n}/array"].astype(card.inputs[n].dtype) for n in raw}
    outputs = {name: entries[f"{i}/outputs/{name}"] for name in card.outputs}
    traced = [name for name in raw if card.inputs[name].kind in TRACED]
    traces = {name: entries[f"{i}/{name}/trace"] for name in traced}
    kept = {name: f"{i}/{name}/log_mel" for name in raw}
    spectrograms = {name: entries[key] for name, key in kept.items() if key in entries}
    return Golden(raw, arrays, outputs, traces, spectrograms)
