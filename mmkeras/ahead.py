"""Values made one step before they are wanted, in a thread of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """`make(0)`, `make(1)`, ... up to `count`; while one is used, the next `depth` are made.

    What comes is what `make` gives, in any order of asking; only the time of making differs. An
    error of `make` is raised where its value is asked for.
    """

    def __init__(self, make: Callable[[int], T], count: int, depth: int = 2):
        self._make = make
        self._count = count
        self._depth = depth
        self._pool: ThreadPoolExecutor | None = None
        self._coming: dict[int, Future[T]] = {}

    def __getitem__(self, number: int) -> T:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "mmkeras-batches")
        asked = self._coming.pop(number, None)
        if asked is None:  # the first, or one out of turn
            self.forget()
            asked = self._pool.submit(self._make, number)
        for following in range(number + 1, min(number + 1 + self._depth, self._count)):
            if following not in self._coming:
                self._coming[following] = self._pool.submit(self._make, following)
        return asked.result()

    def forget(self) -> None:
        """What has been made and not asked for."""
        for each in self._coming.values():
            each.cancel()
        self._coming.clear()
