"""Many samples, one after the other: the next ones are decoded while the graph answers one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

WORKERS = 2  # decoders that run beside the graph
AHEAD = 8  # samples that may be decoded and not answered yet: they are held in memory


def loaded_ahead(items: Iterable[A], load: Callable[[A], B]) -> Iterator[tuple[A, Future[B]]]:
    """Each item with what `load` made of it, in order; `result()` raises what `load` raised.

    `items` may be endless: no more than `AHEAD` are taken before they are asked for.
    """
    waiting: deque[tuple[A, Future[B]]] = deque()
    with ThreadPoolExecutor(WORKERS, "mmkeras-load") as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(load, item)))
                if len(waiting) > AHEAD:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:  # whoever stops early waits for what runs, not for what has not begun
            for _, future in waiting:
                future.cancel()
