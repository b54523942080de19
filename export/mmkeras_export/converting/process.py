"""The process that converts: it may crash, hang or eat memory, and then it alone ends.

Importing the converter takes longer than most conversions. So it is imported once, by a server that
forks for each of them, and ends when nothing has been asked for a while.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from mmkeras_export.converting.memory import held_bytes

LOOK_EVERY_S = 0.05  # in which a process fills 0.1 to 0.2 GB
LOG_BYTES = 1 << 20  # of the end of what it wrote: a graph that is printed whole may be large


class ConversionError(ValueError):
    """The converter refused the model, crashed, took too long or too much memory."""

    again = False  # whether the same model without loops is worth a try


class TooLargeError(ConversionError):
    """It took too much memory."""


class CrashedError(ConversionError):
    """A signal ended it."""

    again = True


class Converter:
    """Converts what is saved in a folder, in a process of its own."""

    def __init__(self, folder: Path):
        self.saved_model, self.lite = folder / "saved_model", folder / "model.tflite"
        self._log = folder / "log.txt"
        self._log.touch()
        _server()  # imports while the model is still traced and saved

    def run(self, timeout_s: float, memory_gb: float) -> int:
        """Converts what lies at `saved_model` and returns the exit code.

        The memory is watched from here, because limits that a process sets itself count what is
        reserved as well: TensorFlow takes 1.9 GB of addresses and a stack for each thread before
        it does anything. What is refused then comes out as a crash like any other.
        """
        paths = str(self.saved_model), str(self.lite), str(self._log)
        with _ONE:
            process = _begun(paths, timeout_s)
            end_s = process.begun_s + timeout_s
            code = None
            try:
                while code is None and time.monotonic() < end_s:
                    code = process.server.tell(min(LOOK_EVERY_S, timeout_s))
                    if code is None and held_bytes(process.number) > memory_gb * 1e9:
                        raise TooLargeError(
                            f"the converter was stopped: it took more than {memory_gb:.3g} GB"
                        )
            finally:
                if code is None:  # also after Ctrl-C
                    process.server.close(process.number)
        if code is None:
            raise _late(timeout_s)
        return self._judged(code)

    def _judged(self, code: int) -> int:
        if code == -signal.SIGKILL or re.search(r"bad_alloc|MemoryError", self.log):
            raise TooLargeError("the converter was stopped: the machine has no more memory for it")
        if code < 0:
            raise CrashedError(f"the converter crashed ({signal.strsignal(-code)})")
        return code

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        with open(self._log, "rb") as file:
            file.seek(max(0, self._log.stat().st_size - LOG_BYTES))
            return file.read().decode(errors="replace")


class _Server:
    """The program `_converter`."""

    def __init__(self) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # it sees what this one sees
            "CUDA_VISIBLE_DEVICES": "-1",  # conversion needs none
            "TF_CPP_MIN_LOG_LEVEL": "1",
        }
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  as long as the server
        self._owner = os.getpid()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "mmkeras_export.converting._converter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            bufsize=0,
        )

    @property
    def usable(self) -> bool:
        """Neither dead, nor that of the process which this one was forked from."""
        return self._owner == os.getpid() and self._child.poll() is None

    def ask(self, paths: tuple[str, ...]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write("\t".join(paths).encode() + b"\n")

    def tell(self, wait_s: float) -> int | None:
        """The next number that it writes; None if it wrote none in time."""
        out = self._child.stdout
        assert out is not None
        if not select.select([out], [], [], max(0.0, wait_s))[0]:
            return None
        if line := out.readline():
            return int(line)
        if self._child.wait() == -signal.SIGKILL:
            return -signal.SIGKILL
        self._errors.seek(0)
        last = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        raise _GoneError(f"the converter ended by itself: {last or 'without a word'}")

    def close(self, process: int = 0) -> None:
        """Ends it, and the process that converts."""
        if self._owner == os.getpid() and not self._errors.closed:
            self._child.kill()
            if process:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            self._child.communicate()
            self._errors.close()


class _Process(NamedTuple):
    """A conversion that has begun."""

    server: _Server
    number: int
    begun_s: float


class _GoneError(ConversionError):
    """The server has ended."""


_ONE = threading.Lock()  # at a time
_servers: list[_Server] = []  # one, or none yet


def _server() -> _Server:
    if not _servers or not _servers[0].usable:
        _end()
        _servers[:] = [_Server()]
    return _servers[0]


@atexit.register
def _end() -> None:
    for server in _servers:
        server.close()


def _begun(paths: tuple[str, ...], timeout_s: float) -> _Process:
    begun_s = time.monotonic()
    for last in (False, True):  # one that was idle may just be ending
        server = _server()
        try:
            server.ask(paths)
            number = server.tell(timeout_s)
        except (_GoneError, BrokenPipeError):
            if last:
                raise
            continue
        if number is None:
            server.close()
            raise _late(timeout_s)
        return _Process(server, number, begun_s)
    raise AssertionError("unreachable")


def _late(timeout_s: float) -> ConversionError:
    return ConversionError(
        f"the converter was stopped after {timeout_s:g} s; a smaller model, or a larger timeout_s="
    )
