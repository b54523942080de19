"""The processes that convert, seen from outside, and how to make them crash or hang."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


def programs() -> tuple[list[int], list[int]]:
    """The converter of this process, if it has one, and the processes that convert under it."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if b"mmkeras_export.converting._converter" in command:
            parents[int(entry.name)] = parent
    servers = [process for process, parent in parents.items() if parent == os.getpid()]
    return servers, [process for process, parent in parents.items() if parent in servers]


def conversions() -> list[int]:
    return programs()[1]


def crashing() -> AbstractContextManager[None]:
    """Within, the first conversion gets the signal of a crash."""
    return _first_gets(signal.SIGSEGV)


def hanging() -> AbstractContextManager[None]:
    """Within, the first conversion stands still until it is ended."""
    return _first_gets(signal.SIGSTOP)


@contextmanager
def _first_gets(number: signal.Signals) -> Iterator[None]:
    left = threading.Event()

    def send() -> None:
        while not (running := conversions()):
            if left.wait(0.01):
                return
        os.kill(running[0], number)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        yield
    finally:
        left.set()
        sender.join()
