"""What a source is, by its content: so that only what has changed is decoded again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from mmkeras.sources import FILES

DIGEST = "S32"  # the first 128 bits of a SHA-256, in hexadecimal
SEEN = np.dtype([("name", DIGEST), ("size", "i8"), ("time_ns", "i8"), ("digest", DIGEST)])


class Glimpse(NamedTuple):
    """A file as it was when it was read: where size and time are the same, so is the content."""

    size: int
    time_ns: int
    digest: bytes


def digest_of(content: Any) -> bytes:
    """Of plain data, by its JSON."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()


class Reader:
    """Digests of sources; files that `seen` knows, by the digest of their path, as a row of `SEEN`,
    are not read."""

    def __init__(self, seen: Callable[[bytes], Any]):
        self._seen = seen
        self.glimpses: dict[bytes, Glimpse] = {}  # of this shard, by name

    def digest(self, kind: str, source: Any) -> bytes:
        """Of what a source holds; of a file that is not there, of its absence."""
        if kind not in FILES:
            return digest_of(source)
        paths = list(_files([source] if isinstance(source, str) else source))
        digests = [self._file(path).decode() for path in paths]
        return digests[0].encode() if len(digests) == 1 else digest_of(digests)

    def _file(self, path: str) -> bytes:
        name = digest_of(path)
        try:
            stat = os.stat(path)
            known = self._known(name)
            if known is None or (known.size, known.time_ns) != (stat.st_size, stat.st_mtime_ns):
                with open(path, "rb") as file:
                    read = hashlib.file_digest(file, "sha256").hexdigest()[:32].encode()
                known = Glimpse(stat.st_size, stat.st_mtime_ns, read)
        except OSError as error:
            known = Glimpse(-1, -1, digest_of(error.strerror))
        self.glimpses[name] = known
        return known.digest

    def _known(self, name: bytes) -> Glimpse | None:
        found = self._seen(name)
        if found is None:
            return None
        return Glimpse(int(found["size"]), int(found["time_ns"]), bytes(found["digest"]))

    def table(self) -> np.ndarray:
        """What was seen, sorted by name, for the next time."""
        rows = [(name, *glimpse) for name, glimpse in sorted(self.glimpses.items())]
        return np.array(rows, SEEN)


def _files(paths: Any) -> Iterator[str]:
    """A film may be a folder of pictures."""
    for path in paths:
        if os.path.isdir(path):
            for entry in sorted(os.scandir(path), key=lambda each: each.name):
                if entry.is_file():
                    yield entry.path
        else:
            yield path
