"""Golden samples: raw inputs, the arrays they became and the answers of this very file.

`golden.npz` inside an exported file holds, for the samples i = 0, 1, ...:

    {i}/{input}/raw      uint8 (n,)   the encoded picture or sound, or the text in UTF-8; no such
                                      key: the input is absent in this sample
    {i}/{input}/array    uint8, int32 or float16: what the training machine's loader made of it;
                                      float32 is kept as float16, half the size
    {i}/outputs/{name}   float32      what the file answered there, fed with the unrounded arrays
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mmkeras_edge.file import ModelFile, golden_arrays

Raw = bytes | str  # str for a text


@dataclass(frozen=True)
class Golden:
    """One golden sample by name; an absent input has no entry in `raw`.

    `arrays` may be a whole feed: only the arrays of what `raw` names are written.
    """

    raw: Mapping[str, Raw]
    arrays: Mapping[str, np.ndarray]
    outputs: Mapping[str, np.ndarray]


def write_golden(samples: Iterable[Golden]) -> bytes:
    """The content of `golden.npz`."""
    entries: dict[str, np.ndarray] = {}
    for i, sample in enumerate(samples):
        for name, raw in sample.raw.items():
            content = raw.encode() if isinstance(raw, str) else raw
            array = np.asarray(sample.arrays[name])
            entries[f"{i}/{name}/raw"] = np.frombuffer(content, np.uint8)
            entries[f"{i}/{name}/array"] = (
                array.astype(np.float16) if array.dtype == np.float32 else array
            )
        for name, values in sample.outputs.items():
            entries[f"{i}/outputs/{name}"] = np.asarray(values, np.float32)
    file = io.BytesIO()
    np.savez_compressed(file, **entries)  # type: ignore[arg-type]
    return file.getvalue()


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
    given = [name for name in card.inputs if f"{i}/{name}/raw" in entries]
    raw: dict[str, Raw] = {name: entries[f"{i}/{name}/raw"].tobytes() for name in given}
    for name in given:
        if card.inputs[name].kind == "text":
            raw[name] = raw[name].decode()  # type: ignore[union-attr]
    arrays = {n: entries[f"{i}/{n}/array"].astype(card.inputs[n].dtype) for n in given}
    outputs = {name: entries[f"{i}/outputs/{name}"] for name in card.outputs}
    return Golden(raw, arrays, outputs)
