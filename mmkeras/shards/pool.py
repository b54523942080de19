"""Processes of this machine that make shards."""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from mmkeras.shards.making import Job, Made, Setup, as_json, known_of, make


def local(setup: Setup, jobs: Iterable[Job], workers: int) -> Iterator[Made]:
    """By so many processes; the order is that in which they end.

    Not by `multiprocessing`: forked, a process that runs TensorFlow hangs, and spawned, it would
    run the user's script again, which then wants `if __name__ == "__main__"`.
    """
    if workers == 1:
        known = known_of(setup)
        yield from (make(setup, job, known) for job in jobs)
        return
    waiting, done = _Shared(jobs), queue.SimpleQueue[Any]()
    threads = [_Feeder(setup, waiting, done) for _ in range(workers)]
    try:
        for thread in threads:
            thread.start()
        running = workers
        while running:
            made = done.get()
            if isinstance(made, BaseException):
                raise made
            running -= made is None
            if made is not None:
                yield made
    finally:
        waiting.stop()
        for thread in threads:
            thread.end()


class _Shared:
    """Jobs that several threads take from."""

    def __init__(self, jobs: Iterable[Job]):
        self._jobs = iter(jobs)
        self._lock = threading.Lock()
        self._stopped = False

    def next(self) -> Job | None:
        with self._lock:
            return None if self._stopped else next(self._jobs, None)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True


class _Feeder(threading.Thread):
    """Gives jobs to a process of its own, and what it answers to `done`; None at the end."""

    def __init__(self, setup: Setup, waiting: _Shared, done: queue.SimpleQueue):
        super().__init__(daemon=True)
        self._setup = setup
        self._waiting = waiting
        self._done = done
        self._process: subprocess.Popen[str] | None = None

    def run(self) -> None:
        try:
            self._process = _started()
            self._ask(dataclasses.asdict(self._setup), None)
            while (job := self._waiting.next()) is not None:
                self._done.put(self._ask(job._asdict(), job))
            self._done.put(None)
        except BaseException as error:  # for the thread that waits  # noqa: BLE001
            self._done.put(error)

    def _ask(self, content: Any, job: Job | None) -> Any:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(as_json(content) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise ChildProcessError(_ended(process.wait(), job))
        said = json.loads(answer)
        if "error" in said:
            raise OSError(said["error"])
        return said

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()


def _started() -> subprocess.Popen[str]:
    """A process that runs `mmkeras.shards.worker`; each keeps to one core."""
    one = {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    path = os.pathsep.join(filter(None, sys.path))  # the same packages as here
    return subprocess.Popen(
        [sys.executable, "-m", "mmkeras.shards.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **one, "PYTHONPATH": path},
    )


def _ended(code: int, job: Job | None) -> str:
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    if job is None:
        return f"a process that was to prepare rows {how}; what it said is above"
    return (
        f"the process that prepared the rows of the lines {min(job.lines)} to {max(job.lines)} "
        f"{how}: a file that its decoder cannot bear, or no memory left; what is prepared is kept, "
        "and the same call goes on from there"
    )
