"""Opens an exported file: a TFLite model with a zip behind it. Runs no code, unpacks nothing."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from dataclasses import dataclass

import numpy as np

from mmkeras_edge.specs import Card

CARD, TOKENIZER, GOLDEN = "card.json", "tokenizer.json", "golden.npz"
LIMIT_BYTES = {CARD: 16 << 20, TOKENIZER: 64 << 20, GOLDEN: 64 << 20}  # unpacked


@dataclass(frozen=True)
class ModelFile:
    """An opened file; `golden` is the packed samples, read with `golden_arrays`."""

    path: str
    card: Card
    tokenizer_json: str | None
    golden: bytes | None


def open_file(path: str | os.PathLike[str]) -> ModelFile:
    """Reads what lies behind the model and checks every hash.

    Raises FileNotFoundError, or ValueError for a file that is truncated, damaged, newer than this
    reader or not made by mmkeras_export.
    """
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no file {path!r}")
    with open(path, "rb") as file:
        if file.read(8)[4:8] != b"TFL3":
            raise ValueError(f"{path!r} is no TFLite model (it does not carry the mark TFL3)")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {name: _read(archive, name, path) for name in LIMIT_BYTES}
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"{path!r} has no card: it is truncated or damaged, or was not written by "
            "mmkeras_export; copy it again, or export it with: mmkeras export RUN -o FILE"
        ) from error
    content = entries[CARD]
    if content is None:
        raise ValueError(f"{path!r} has no {CARD}; export it with: mmkeras export RUN -o FILE")
    card = Card.from_json(content)
    for name in (TOKENIZER, GOLDEN):
        _check(path, name, entries[name], card.sha256.get(name))
    with open(path, "rb") as file:
        _check(path, "model", file.read(card.model_bytes), card.sha256.get("model"))
    tokenizer = entries[TOKENIZER]
    return ModelFile(path, card, tokenizer.decode() if tokenizer else None, entries[GOLDEN])


def golden_arrays(file: ModelFile) -> dict[str, np.ndarray]:
    """The golden samples, keys `0/image/raw`, `0/image/array`, `0/outputs/NAME`, ..."""
    if file.golden is None:
        raise ValueError(f"{file.path!r} carries no golden samples")
    with np.load(io.BytesIO(file.golden), allow_pickle=False) as arrays:
        return dict(arrays)


def _read(archive: zipfile.ZipFile, name: str, path: str) -> bytes | None:
    try:
        entry = archive.getinfo(name)
    except KeyError:
        return None
    if entry.file_size > LIMIT_BYTES[name]:
        raise ValueError(f"{path!r}: {name} would unpack to {entry.file_size:,} bytes; refused")
    return archive.read(entry)


def _check(path: str, name: str, content: bytes | None, wanted: str | None) -> None:
    found = None if content is None else hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ValueError(f"{path!r}: {name} does not match the card's hash; copy the file again")
