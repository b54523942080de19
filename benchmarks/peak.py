"""The peak memory of a command: of it and all processes that it starts, together.

Read four times a second from the kernel, /proc/PID/smaps_rollup: Pss, in which a page that n
processes share counts as 1/n in each, so that the sum is what the machine spends; and of it the
anonymous part, which the kernel cannot drop. The rest is pages of files that are mapped, as of
libraries and of prepared rows. A peak that lasts less than a quarter of a second may be missed.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

EVERY_S = 0.25


class Peak(NamedTuple):
    """In MB, each at its own moment."""

    total: float
    anonymous: float


def peak_of(command: Sequence[str]) -> Peak:
    """Runs it, and raises CalledProcessError where it ends with anything but 0."""
    peak = Peak(0.0, 0.0)
    process = subprocess.Popen(command)
    try:
        while process.poll() is None:
            used = [pss_mb(pid) for pid in family(process.pid)]
            peak = Peak(*map(max, peak, map(sum, zip(*used, strict=True)))) if used else peak
            time.sleep(EVERY_S)
    finally:
        process.kill()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def family(pid: int) -> Iterator[int]:
    """A process, its children and theirs."""
    yield pid
    with suppress(OSError):  # it has ended meanwhile
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from family(int(child))


def pss_mb(pid: int) -> Peak:
    """Of one process; nothing where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return Peak(0.0, 0.0)
    kb = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return Peak(kb["Pss"] / 1024, kb["Pss_Anon"] / 1024) if kb else Peak(0.0, 0.0)
