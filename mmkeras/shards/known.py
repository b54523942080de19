"""What older shards have: arrays by the content of their source, and files as they were seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmkeras.shards.files import SEEN as SEEN_FILE
from mmkeras.shards.files import file_of, mapped, read_about, read_array, write_array
from mmkeras.shards.sources import DIGEST, SEEN

PLACES = np.dtype([("shard", "i4"), ("place", "i4")])
NAMES = "shards.json"


class Known:
    """Opened from what `gather` wrote; without a folder nothing is known."""

    def __init__(self, folder: Path | None = None, inputs: Iterable[str] = ()):
        self._seen = Sorted(np.empty(0, DIGEST), np.empty(0, SEEN))
        self._places: dict[str, Sorted] = {}
        self._shards: list[str] = []
        if folder is not None:
            self._seen = Sorted.opened(folder, "seen")
            self._places = {name: Sorted.opened(folder, f"{name} places") for name in inputs}
            self._shards = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        self._values = lru_cache(maxsize=16)(mapped)

    def seen(self, name: bytes) -> Any:
        """A row of `SEEN`: the file whose path has this digest, as it was."""
        return self._seen.find(name)

    def value(self, name: str, digest: bytes) -> np.ndarray | None:
        """The array of an input that was made of this content."""
        found = self._places[name].find(digest) if name in self._places else None
        if found is None:
            return None
        shard, place = found
        return self._values(Path(self._shards[shard], file_of(name, "values")))[place]


class Sorted(NamedTuple):
    """Rows by key. Keys are a file of their own: a search in a column of another would copy it."""

    keys: np.ndarray
    rows: np.ndarray

    @classmethod
    def opened(cls, folder: Path, name: str) -> Sorted:
        return cls(*(mapped(folder / file_of(name, what)) for what in cls._fields))

    def save(self, folder: Path, name: str) -> None:
        """Each key once: with its last row, for a later shard saw a file later."""
        keys, rows = self.keys[::-1], self.rows[::-1]
        keys, first = np.unique(keys, return_index=True)
        write_array(folder / file_of(name, "keys"), keys)
        write_array(folder / file_of(name, "rows"), rows[first])

    def find(self, key: bytes) -> Any:
        place = int(np.searchsorted(self.keys, key))
        return self.rows[place] if place < len(self.keys) and self.keys[place] == key else None


def gather(folder: Path, shards: Iterable[Path], keys: Mapping[str, str]) -> None:
    """Writes what these shards have into a folder, for `Known`.

    `keys` are what decides the arrays of each input: what was made otherwise is not taken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shards = list(shards)
    seen = [np.empty(0, SEEN)]
    digests: dict[str, list[np.ndarray]] = {name: [np.empty(0, DIGEST)] for name in keys}
    places: dict[str, list[np.ndarray]] = {name: [np.empty(0, PLACES)] for name in keys}
    for number, shard in enumerate(shards):
        seen.append(read_array(shard / SEEN_FILE))
        about = read_about(shard)
        for name, key in keys.items():
            if about["inputs"].get(name) == key:
                digests[name].append(read_array(shard / file_of(name, "digests")))
                rows = np.empty(len(digests[name][-1]), PLACES)
                rows["shard"], rows["place"] = number, np.arange(len(rows))
                places[name].append(rows)
    rows = np.concatenate(seen)
    Sorted(rows["name"], rows).save(folder, "seen")
    for name in keys:
        each = Sorted(np.concatenate(digests[name]), np.concatenate(places[name]))
        each.save(folder, f"{name} places")
    (folder / NAMES).write_text(json.dumps([str(shard) for shard in shards]), encoding="utf-8")
