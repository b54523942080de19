"""Opens an exported file: a TFLite model with a zip behind it. Runs no code, unpacks nothing."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from mmkeras_edge.card import Card

if TYPE_CHECKING:
    import numpy as np

CARD, TOKENIZER, GOLDEN = "card.json", "tokenizer.json", "golden.npz"
DAMAGE = (  # what zipfile raises on a file that is cut, flipped or encrypted
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeDecodeError,
    struct.error,
)
DIRECTORY_BYTES = 4_096  # of three entries, of which zipfile makes an object each
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
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"wanted the path of a .tflite file, received {type(path).__name__}")
    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no file {path!r}")
    with open(path, "rb") as file:
        if file.read(8)[4:8] != b"TFL3":
            raise ValueError(f"{path!r} is no TFLite model (it does not carry the mark TFL3)")
    try:
        with open(path, "rb") as file:
            _check_directory(file, path)
        with zipfile.ZipFile(path) as archive:
            entries = {name: _read(archive, name, path) for name in LIMIT_BYTES}
    except DAMAGE as error:
        raise ValueError(
            f"{path!r} has no card: it is truncated or damaged, or was not written by "
            "mmkeras_export; copy it again, or export it with: mmkeras export RUN -o FILE"
        ) from error
    content = entries[CARD]
    if content is None:
        raise ValueError(f"{path!r} has no {CARD}; export it with: mmkeras export RUN -o FILE")
    try:
        card = Card.from_json(content)
    except ValueError as error:
        raise ValueError(f"{path!r}: {error}") from error
    for name in (TOKENIZER, GOLDEN):
        found = entries[name]
        _check(path, name, None if found is None else hashlib.sha256(found), card)
    _check(path, "model", _hash_of_first(card.model_bytes, path), card)
    tokenizer = entries[TOKENIZER]
    return ModelFile(path, card, None if tokenizer is None else tokenizer.decode(), entries[GOLDEN])


def golden_arrays(file: ModelFile) -> dict[str, np.ndarray]:
    """The golden samples, keys `0/image/raw`, `0/image/array`, `0/outputs/NAME`, ...

    `golden.py` says what they hold. Raises ValueError if there are none, or too large.
    """
    import numpy as np

    if file.golden is None:
        raise ValueError(f"{file.path!r} carries no golden samples")
    try:
        with zipfile.ZipFile(io.BytesIO(file.golden)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LIMIT_BYTES[GOLDEN]:
            raise ValueError(f"they would unpack to {unpacked:,} bytes; refused")
        with np.load(io.BytesIO(file.golden), allow_pickle=False) as arrays:
            return dict(arrays)
    except (*DAMAGE, ValueError, MemoryError) as error:  # MemoryError: a header lies of its shape
        raise ValueError(f"{file.path!r}: golden samples cannot be read: {error}") from error


def _check_directory(file: BinaryIO, path: str) -> None:
    """Raises ValueError where the zip has more entries than any of ours, in its own words or in
    those of a zip64, and BadZipFile where it does not end as ours do, with no comment behind it."""
    file.seek(-42, os.SEEK_END)
    locator, end = file.read(20), file.read(22)
    if not end.startswith(b"PK\5\6"):
        raise zipfile.BadZipFile("no end of a directory")
    count = int.from_bytes(end[12:16], "little")
    if count > DIRECTORY_BYTES or locator.startswith(b"PK\6\7"):
        raise ValueError(f"{path!r}: its zip has a directory of {count:,} bytes; refused")


def _read(archive: zipfile.ZipFile, name: str, path: str) -> bytes | None:
    try:
        entry = archive.getinfo(name)
    except KeyError:
        return None
    if entry.file_size > LIMIT_BYTES[name]:
        raise ValueError(f"{path!r}: {name} would unpack to {entry.file_size:,} bytes; refused")
    return archive.read(entry)


def _hash_of_first(count: int, path: str) -> hashlib._Hash:
    """In pieces: a model of 200 MB need not pass through the memory of a small board."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while count > 0 and (piece := file.read(min(count, 1 << 20))):
            found.update(piece)
            count -= len(piece)
    return found


def _check(path: str, name: str, found: hashlib._Hash | None, card: Card) -> None:
    if (None if found is None else found.hexdigest()) != card.sha256.get(name):
        raise ValueError(f"{path!r}: {name} does not match the card's hash; copy the file again")
