"""Channels that stand or fall together: the smallest parts that can be cut, and their ties."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

FIXED = 0  # the atom of everything that must stay

Ids = np.ndarray  # int64 (channels,): the atom of each channel along one axis


class Atoms:
    """Sets of channels, joined as they are found to be tied; the set of `FIXED` is never cut."""

    def __init__(self) -> None:
        self._parents = np.zeros(1, np.int64)

    def new(self, count: int) -> Ids:
        """So many, tied to nothing yet."""
        first = len(self._parents)
        ids = np.arange(first, first + count)
        self._parents = np.concatenate([self._parents, ids])
        return ids

    def tie(self, one: Ids, other: Ids) -> None:
        """Channel by channel; two axes of the same length, or one channel with all."""
        for a, b in np.broadcast(self.roots(one), self.roots(other)):
            a, b = self._root(a), self._root(b)
            self._parents[max(a, b)] = min(a, b)  # so that FIXED stays the root of its set

    def roots(self, ids: Ids) -> Ids:
        """The one atom that stands for all that it is tied to."""
        found = self._parents[ids]
        while not np.array_equal(found, above := self._parents[found]):
            found = above
        return found

    def copy(self) -> Atoms:
        """For ties that may turn out to be wrong."""
        twin = Atoms()
        twin._parents = self._parents.copy()
        return twin

    def _root(self, atom: int) -> int:
        while self._parents[atom] != atom:
            atom = self._parents[atom]
        return atom


@dataclass(frozen=True, eq=False)
class Flow:
    """A tensor of the graph: its shape, (B, ...), and the atoms along its one axis of channels.

    `ids` is None where nothing can be cut. A tensor with channels that can be cut along two axes is
    not followed: they are fixed.
    """

    shape: tuple[int | None, ...]
    dtype: str = "float32"
    ids: Ids | None = None
    axis: int = -1  # counted from the end

    @classmethod
    def like(cls, tensor: Any, ids: Ids | None = None, axis: int = -1) -> Flow:
        """Of a KerasTensor; `axis` may be counted from either end."""
        if axis >= 0:
            axis -= len(tensor.shape)
        return cls(tuple(tensor.shape), str(tensor.dtype), ids, axis)

    def kept(self, count: int) -> Flow:
        """The same tensor with so many channels."""
        shape = list(self.shape)
        shape[self.axis] = count
        return replace(self, shape=tuple(shape))
