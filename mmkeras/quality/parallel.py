"""A function over many things on all cores, with few of them in memory at a time."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

CHUNK = 32  # things of one task
AHEAD = 4  # tasks a worker that wait


def in_parallel(
    function: Callable[[T], R], things: Iterable[T], workers: int | None = None
) -> Iterator[R]:
    """What the function makes of each, in order.

    Threads, not processes: Pillow, libsndfile and hashlib release the GIL while they work, and a
    user's script needs no `if __name__ == "__main__"`.
    """
    workers = workers or os.cpu_count() or 1
    rest = iter(things)
    waiting: deque = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(waiting) < workers * AHEAD:
                    chunk = list(itertools.islice(rest, CHUNK))
                    if not chunk:
                        break
                    waiting.append(pool.submit(lambda some: [*map(function, some)], chunk))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for task in waiting:  # of who stops early
                task.cancel()
