"""Whether what a source gives can be true: black, silent, stuck or stalled is as good as absent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

EVERY_PX = 4  # pixels looked at, along each axis: a frozen picture is frozen everywhere
# A covered lens gives sensor noise around black; a dark room with one lamp is brighter somewhere.
BLACK_LEVEL, BLACK_SPREAD = 8.0, 4.0  # grey levels: mean, deviation
SILENT_SPREAD = 1e-4  # of full scale, -80 dB: a microphone that is on gives more


@dataclass(frozen=True)
class Limits:
    """For how many seconds a source may do what a working one does not; None: for ever.

    `stall_s` no value at all, `same_s` the very same value, `blank_s` a black picture, silence, or
    readings that are no numbers.
    """

    stall_s: float | None = None
    same_s: float | None = None
    blank_s: float | None = None


ANYTHING = Limits()
LIVE = {  # kind of input -> what a device of that kind may do; recordings may do anything
    "image": Limits(stall_s=3.0, same_s=5.0, blank_s=1.0),
    "video": Limits(stall_s=3.0, same_s=5.0, blank_s=1.0),
    "audio": Limits(stall_s=2.0, same_s=None, blank_s=2.0),
    "sensor": Limits(stall_s=5.0, same_s=30.0, blank_s=1.0),
    "text": ANYTHING,  # a line holds until the next one
    "table": ANYTHING,
}
BLANK = {"audio": "silence", "sensor": "no numbers"}  # else a black picture


class Health:
    """What is wrong with a source, from the values that it gave; times are of one clock, in s."""

    def __init__(self, kind: str, limits: Limits, now_s: float):
        self.kind, self.limits = kind, limits
        self.fault: str | None = None
        self._last: np.ndarray | None = None
        self._heard_s = self._changed_s = self._full_s = now_s

    def see(self, value: Any, now_s: float) -> None:
        """A value came."""
        self._heard_s = now_s
        look = _look(self.kind, value)
        if look is None:
            self._changed_s = self._full_s = now_s
        else:
            if self._last is None or not np.array_equal(look, self._last, equal_nan=True):
                self._changed_s = now_s
            if not _blank(self.kind, look):
                self._full_s = now_s
            self._last = look
        self.check(now_s)

    def check(self, now_s: float) -> str | None:
        """What is wrong by now, in words; None if nothing is.

        Whether values are true is judged by those that came, so that a pause makes none of them
        black or the same.
        """
        limits = self.limits
        blank = BLANK.get(self.kind, "a black picture")
        self.fault = (
            _past("no value", limits.stall_s, now_s - self._heard_s)
            or _past(blank, limits.blank_s, self._heard_s - self._full_s)
            or _past("the same value", limits.same_s, self._heard_s - self._changed_s)
        )
        return self.fault


def _past(what: str, limit_s: float | None, since_s: float) -> str | None:
    return f"{what} for {limit_s:g} s" if limit_s is not None and since_s >= limit_s else None


def _look(kind: str, value: Any) -> np.ndarray | None:
    """As much of a value as tells it from another; None for what is never in doubt."""
    if kind in ("image", "video"):
        return value[::EVERY_PX, ::EVERY_PX].copy() if isinstance(value, np.ndarray) else None
    if kind == "sensor":
        readings = np.asarray(value, np.float64)
        return readings[-1] if readings.ndim == 2 else readings  # the latest of several
    return np.asarray(value) if kind == "audio" else None


def _blank(kind: str, look: np.ndarray) -> bool:
    if kind == "audio":
        full = 32_768 if look.dtype == np.int16 else 1
        return bool(not look.size or np.ptp(look.astype(np.float32)) < SILENT_SPREAD * full)
    if kind == "sensor":
        return bool(np.isnan(look).all())
    return bool(look.mean() < BLACK_LEVEL and look.std() < BLACK_SPREAD)
