"""Arrays that lie in many files, read by memory map as if they were one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.shards.files import mapped

OPEN_BYTES = 640 << 20  # of shards that are mapped at once: what was read of one counts as memory


class ShardValues:
    """(values, ...) over the `files`, which hold so many `counts`; indexed like an array.

    Only what is asked for is read. Safe in several threads.
    """

    def __init__(
        self,
        files: Sequence[Path],
        counts: Sequence[int],
        each: tuple[int, ...],
        dtype: str,
        at_once: int = 16,
    ):
        self._files = files
        self._ends = np.cumsum(counts, dtype=np.int64)
        self._starts = self._ends - np.asarray(counts, np.int64)
        self._open: OrderedDict[int, np.ndarray] = OrderedDict()
        self._at_once = at_once
        self._lock = threading.Lock()
        self.shape = (int(self._ends[-1]) if len(self._ends) else 0, *each)
        self.dtype = np.dtype(dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        if isinstance(key, slice):
            key = np.arange(len(self))[key]
        wanted = np.asarray(key, np.int64)
        flat = np.atleast_1d(np.where(wanted < 0, wanted + len(self), wanted))
        found = np.zeros((len(flat), *self.shape[1:]), self.dtype)
        if len(self):
            shards = np.searchsorted(self._ends, flat, side="right")
            for shard in np.unique(shards):
                here = np.flatnonzero(shards == shard)
                found[here] = self._mapped(int(shard))[flat[here] - self._starts[shard]]
        return found if wanted.ndim else found[0]

    def _mapped(self, shard: int) -> np.ndarray:
        with self._lock:
            array = self._open.pop(shard, None)
            if array is None:
                array = mapped(self._files[shard])
            self._open[shard] = array
            if len(self._open) > self._at_once:
                self._open.popitem(last=False)
            return array
