"""How much memory a machine can spare, and how much a process holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

SHARE = 0.8  # of the memory that the machine can spare, where no limit is given
LIMITS = (  # of a container: how much it may hold, and how much it holds
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def spare_gb() -> float:
    """Most of the memory that this machine, or the container, can give; unlimited if it tells none.

    In GB of 1e9 bytes.
    """
    found = [size for name, size in _numbers("/proc/meminfo") if name == "MemAvailable"]
    for limit, used in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # no container of this kind; "max"
            found.append(int(Path(limit).read_text()) - int(Path(used).read_text()))
    return SHARE * max(0, min(found)) / 1e9 if found else float("inf")


def held_bytes(process: int) -> int:
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
