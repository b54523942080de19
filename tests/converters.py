"""The processes that convert, seen from outside, and how to make them crash."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def crashing() -> Iterator[None]:
    """Within, the first conversion gets the signal of a crash."""

    def crash() -> None:
        while not (running := conversions()):
            time.sleep(0.01)
        os.kill(running[0], signal.SIGSEGV)

    killer = threading.Thread(target=crash, daemon=True)
    killer.start()
    yield
    killer.join()
