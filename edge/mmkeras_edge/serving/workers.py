"""Models that answer in threads of their own, behind a queue that has an end."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import monotonic
from typing import TypeVar

from mmkeras_edge.runner import Model
from mmkeras_edge.serving.limits import Limits, RefusedError

T = TypeVar("T")

RECENT = 0.1  # weight of the last prediction in the mean that Retry-After is told by


class Workers:
    """As many predictions at once as there are models: on the graph of one, calls take turns.

    Used from one event loop. What is given up by its client is still counted until it has left its
    thread: nothing can stop a decoder or a graph halfway.
    """

    def __init__(self, models: Sequence[Model], limits: Limits):
        self.count = len(models)
        self.limits = limits
        self.pending = 0  # running and waiting
        self.mean_s = 0.0
        self._free: SimpleQueue[Model] = SimpleQueue()
        for model in models:
            self._free.put(model)
        self._began: dict[int, float] = {}  # thread -> when its prediction began
        self._pool = ThreadPoolExecutor(self.count, "predict")

    async def answer(self, work: Callable[[Model], T], done: Callable[[], None]) -> T:
        """What `work` makes of a free model; `done` is called when it no longer runs nor waits.

        Raises RefusedError: 429 if the queue is full, 504 after the time limit, queue included.
        """
        if self.is_full:
            done()
            raise RefusedError(
                429, f"{self.pending} predictions run or wait; come back", self._come_back()
            )
        given_up = threading.Event()
        task = asyncio.wrap_future(self._pool.submit(self._run, work, given_up))
        self.pending += 1

        def finished(task: asyncio.Future[T | None]) -> None:
            self.pending -= 1
            done()
            if given_up.is_set() and not task.cancelled():
                task.exception()  # nobody is there to hear it

        task.add_done_callback(finished)
        try:
            await asyncio.wait([task], timeout=self.limits.answer_s)
        finally:
            if not task.done():
                given_up.set()
        if not task.done():
            raise RefusedError(504, f"no answer within {self.limits.answer_s} s", self._come_back())
        answer = task.result()
        assert answer is not None  # only what is given up returns nothing
        return answer

    def _run(self, work: Callable[[Model], T], given_up: threading.Event) -> T | None:
        if given_up.is_set():
            return None
        model = self._free.get_nowait()  # there are as many as threads
        me, began = threading.get_ident(), monotonic()
        self._began[me] = began
        try:
            return work(model)
        finally:
            del self._began[me]
            self._free.put(model)
            self.mean_s += RECENT * (monotonic() - began - self.mean_s)

    @property
    def is_full(self) -> bool:
        return self.pending >= self.count + self.limits.queued

    @property
    def is_healthy(self) -> bool:
        """False once a prediction runs longer than any may: its thread is lost."""
        began = min(tuple(self._began.values()), default=math.inf)
        return monotonic() - began < self.limits.stuck_s

    def _come_back(self) -> dict[str, str]:
        wait_s = self.mean_s * self.pending / self.count
        return {"Retry-After": str(max(1, math.ceil(wait_s)))}

    def close(self) -> None:
        """Takes no more work; what runs is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
