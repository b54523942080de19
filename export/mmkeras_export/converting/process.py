"""The process that converts: it may crash, hang or eat memory, and then it alone ends."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SHARE = 0.8  # of the memory that the machine can spare, where no limit is given
LOOK_EVERY_S = 0.05  # in which a process fills 0.1 to 0.2 GB
LOG_BYTES = 1 << 20  # of the end of what it wrote: a graph that is printed whole may be large
LIMITS = (  # of a container: how much it may hold, and how much it holds
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


class ConversionError(ValueError):
    """The converter refused the model, crashed, took too long or too much memory."""

    again = False  # whether the same model without loops is worth a try


class TooLargeError(ConversionError):
    """It took too much memory."""


class CrashedError(ConversionError):
    """A signal ended it."""

    again = True


class Converter:
    """A process that imports the converter at once, and converts when told to."""

    def __init__(self, folder: Path):
        self.saved_model, self.lite = folder / "saved_model", folder / "model.tflite"
        self._log = folder / "log.txt"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # it sees what this one sees
            "CUDA_VISIBLE_DEVICES": "-1",  # conversion needs none
            "TF_CPP_MIN_LOG_LEVEL": "1",
        }
        paths = [str(self.saved_model), str(self.lite)]
        with open(self._log, "wb") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "mmkeras_export.converting._converter", *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
            )

    def run(self, timeout_s: float, memory_gb: float) -> int:
        """Converts what lies at `saved_model` and returns the exit code.

        The memory is watched from here, because limits that a process sets itself count what is
        reserved as well: TensorFlow takes 1.9 GB of addresses and a stack for each thread before
        it does anything. What is refused then comes out as a crash like any other.
        """
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is dead already
            self._child.stdin.write(b"go\n")
            self._child.stdin.close()
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(min(LOOK_EVERY_S, timeout_s))
                return self._judged(self._child.returncode)
            if _held_bytes(self._child.pid) > memory_gb * 1e9:
                raise TooLargeError(
                    f"the converter was stopped: it took more than {memory_gb:.3g} GB"
                )
        raise ConversionError(
            f"the converter was stopped after {timeout_s:g} s; a smaller model, or a larger "
            "timeout_s="
        )

    def _judged(self, code: int) -> int:
        if code == -signal.SIGKILL or re.search(r"bad_alloc|MemoryError", self.log):
            raise TooLargeError("the converter was stopped: the machine has no more memory for it")
        if code < 0:
            raise CrashedError(f"the converter crashed ({signal.strsignal(-code)})")
        return code

    @property
    def log(self) -> str:
        with open(self._log, "rb") as file:
            file.seek(max(0, self._log.stat().st_size - LOG_BYTES))
            return file.read().decode(errors="replace")

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Converter]:
    """A converter that never outlives the block."""
    converter = Converter(folder)
    try:
        yield converter
    finally:
        converter.close()


def spare_gb() -> float:
    """Most of the memory that this machine, or the container, can give; unlimited if it tells none.

    In GB of 1e9 bytes.
    """
    found = [size for name, size in _numbers("/proc/meminfo") if name == "MemAvailable"]
    for limit, used in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no container of this kind; "max"
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    return SHARE * max(0, min(found)) / 1e9 if found else float("inf")


def _held_bytes(process: int) -> int:
    """What a process holds for itself alone: not its libraries, and not what it only reserved."""
    sizes = _numbers(f"/proc/{process}/status")
    return sum(size for name, size in sizes if name in ("RssAnon", "VmSwap"))


def _numbers(path: str) -> Iterator[tuple[str, int]]:
    """The lines "NAME: NUMBER kB" of a file of Linux, in bytes; none on other systems."""
    with contextlib.suppress(OSError):
        for line in Path(path).read_text().splitlines():
            if line.endswith(" kB"):
                name, number, _ = line.split()
                yield name.rstrip(":"), 1024 * int(number)
