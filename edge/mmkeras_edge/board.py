"""What machine this is, how warm, how fast, and whether a Raspberry Pi holds itself back.

All of it is read from /proc and /sys; None where a machine does not say.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path("/")
# A Raspberry Pi's firmware: a hexadecimal number, one bit a reason; 16 higher, the same since boot.
THROTTLED = (
    "sys/devices/platform/soc*/*firmware*/get_throttled",
    "sys/devices/platform/*firmware*/get_throttled",
)
REASONS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
SINCE_BOOT = 16
CPU_ZONES = ("cpu", "soc", "x86_pkg", "k10temp", "coretemp")  # how a sensor of the processor begins


class State(NamedTuple):
    """How the machine is at one moment."""

    temperature_c: float | None
    mhz: float | None  # of the slowest core
    throttled: tuple[str, ...] | None  # now
    throttled_before: tuple[str, ...] | None  # at any time since it was started


def describe_board(root: Path = ROOT) -> dict[str, Any]:
    """The model ("Raspberry Pi 4 Model B Rev 1.4"), architecture, cores, memory, system, Python."""
    return {
        "model": _model(root),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "memory_mb": _memory_mb(root),
        "system": _system(root),
        "python": platform.python_version(),
    }


def state_of_board(root: Path = ROOT) -> State:
    now, before = _throttled(root)
    speeds = [
        _number(path) for path in root.glob("sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq")
    ]
    known = [speed / 1_000 for speed in speeds if speed is not None]
    return State(_temperature_c(root), min(known, default=None), now, before)


def peak_memory_mb() -> float:
    """The most that this process has had in memory."""
    import resource

    for line in _text(ROOT / "proc/self/status").splitlines():
        if line.startswith("VmHWM:"):  # ru_maxrss has that of the parent in it
            return int(line.split()[1]) / 1_000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000


def _temperature_c(root: Path) -> float | None:
    """Of the processor, else of the warmest sensor."""
    zones = []
    for zone in root.glob("sys/class/thermal/thermal_zone*"):
        millidegrees = _number(zone / "temp")
        if millidegrees is not None:
            zones.append((_text(zone / "type").strip().startswith(CPU_ZONES), millidegrees / 1_000))
    return max(zones)[1] if zones else None


def _throttled(root: Path) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    for pattern in THROTTLED:
        for path in sorted(root.glob(pattern)):
            try:
                bits = int(_text(path).strip(), 16)
            except ValueError:
                continue
            now = tuple(why for bit, why in REASONS.items() if bits >> bit & 1)
            before = tuple(why for bit, why in REASONS.items() if bits >> (bit + SINCE_BOOT) & 1)
            return now, before
    return None, None


def _model(root: Path) -> str | None:
    tree = _text(root / "proc/device-tree/model").strip("\0 \n")
    if tree:
        return tree
    for line in _text(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return None


def _memory_mb(root: Path) -> int | None:
    words = _text(root / "proc/meminfo").split()
    return int(words[1]) // 1_000 if words[:1] == ["MemTotal:"] else None


def _system(root: Path) -> str:
    for line in _text(root / "etc/os-release").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # not there, or a sensor that does not answer now
        return ""
