"""Files of a shard: written with their hash, and moved to their name when all are complete.

They are not forced onto the disk one by one, which may take longer than decoding: whoever finds a
shard that no index lists reads it again and compares its hashes, so that after a power cut too a
half-written one never counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

ABOUT, SEEN, ROWS = "shard.json", "seen.npy", "rows.npy"


def file_of(name: str, what: str) -> str:
    """The file of an input or output, whatever characters its name has."""
    return f"{quote(name, safe='')}.{what}.npy"


class Hashed:
    """A file that is written to, and the SHA-256 of what was."""

    def __init__(self, path: Path):
        self._file = open(path, "wb")  # noqa: SIM115  closed by `close`
        self._sha256 = hashlib.sha256()

    def write(self, content: Any) -> int:
        self._sha256.update(content)
        return self._file.write(content)

    def close(self, sync: bool = False) -> str:
        self._file.flush()
        if sync:
            os.fsync(self._file.fileno())
        self._file.close()
        return self._sha256.hexdigest()


def write_array(path: Path, array: np.ndarray) -> str:
    """An .npy of version 1.0; its SHA-256 is returned."""
    file = Hashed(path)
    array = np.ascontiguousarray(array)
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.reshape(-1).view(np.uint8).data)
    return file.close()


def replace_text(path: Path, text: str) -> None:
    """UTF-8, onto the disk; complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    file = Hashed(part)
    file.write(text.encode())
    file.close(sync=True)
    os.replace(part, path)


def settle(part: Path, path: Path) -> None:
    """Moves a folder that is complete to its name, unless another process was faster."""
    try:
        os.rename(part, path)
    except OSError:
        if not is_whole(path):
            raise
        shutil.rmtree(part)


def sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_size(shard: Path) -> bool:
    """Whether a shard says what it is, and its files have as many bytes: a copy may be cut off."""
    try:
        about = read_about(shard)
        return about["bytes"] == sum((shard / name).stat().st_size for name in about["sha256"])
    except (OSError, ValueError):
        return False


def is_whole(shard: Path) -> bool:
    """Whether every file of a shard has the content that was written."""
    try:
        said = read_about(shard)["sha256"].items()
    except (OSError, ValueError):
        return False
    return all((shard / name).is_file() and sha256_of(shard / name) == of for name, of in said)


def read_array(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False)


def mapped(path: Path) -> np.ndarray:
    """The array by memory map: nothing is read before it is asked for."""
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_about(shard: Path) -> dict[str, Any]:
    """What a complete shard says of itself."""
    return json.loads((shard / ABOUT).read_text(encoding="utf-8"))
