"""A thread that reads one source, and what of it the model sees now."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from mmkeras_edge.specs import InputSpec
from mmkeras_edge.streaming.health import ANYTHING, LIVE, Health
from mmkeras_edge.streaming.source import Source
from mmkeras_edge.streaming.windows import numbers, window_of

log = logging.getLogger("mmkeras_edge.stream")

RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # between tries to open a source again; then the last
GIVE_UP_S = 10.0  # after which a read that hangs is left to itself, and the source opened anew
LONGEST_S = 600.0  # the same, doubled each time: each leaves a thread behind
# Reasons for absence that are no fault.
NO_VALUE, NOTHING, ENDED = "no value yet", "nothing is given", "it has ended"


class Feeder:
    """One input's source, read in a thread of its own.

    A value of None, or an empty text, says that there is nothing: absent until the next one.
    `changed` is notified for each value; its lock guards all that the threads share.
    """

    def __init__(self, name: str, spec: InputSpec, source: Source, changed: threading.Condition):
        self.name, self.spec, self.source = name, spec, source
        limits = source.limits or (LIVE[spec.kind] if source.live else ANYTHING)
        self.health = Health(spec.kind, limits, time.monotonic())
        self.window = window_of(spec, source.rate_hz)
        self.ended = False
        self.failure: str | None = None  # why the source is not open
        self.values = 0
        self._told: str | None = ""  # the fault at the last look; at first there was none to tell
        self._gone = self._gone_unseen = False  # the source says itself that there is nothing
        self._changed = changed
        self._run = 0  # the number of the thread whose values count
        self._heard_s = time.monotonic()
        self._patience_s = GIVE_UP_S
        self._start()

    @property
    def fresh(self) -> bool:
        """Whether there is something that nobody looked at: a value, or that there is none."""
        return self.window.fresh or self._gone_unseen

    def look(self, now_s: float, turn: bool) -> tuple[str | None, Any]:
        """Why the input is absent, None if it is there, and what is new of it, None if nothing.

        With the lock held. Values of a source that waits are looked at in its `turn` alone.
        """
        self._watch(now_s)
        if not (turn or self.source.paced):
            return self.failure or self._told, None
        fault = self._fault(now_s)
        self._say(fault)
        value = self.window.take() if fault is None and self.window.fresh else None
        if fault is not None:
            self.window.clear()  # what came before the fault is no part of what comes after
        self._gone_unseen = False
        self._changed.notify_all()  # a source that is not paced waits for this
        return fault, value

    def _fault(self, now_s: float) -> str | None:
        if self.failure:
            return self.failure
        if self._gone:
            return NOTHING
        if not self.values:
            return self.health.check(now_s) or NO_VALUE
        if self.ended and not (self._lasts() or self.window.fresh):
            return ENDED
        return self.health.check(now_s)

    def _say(self, fault: str | None) -> None:
        """Logs where a source goes or comes back, or fails for another reason."""
        was, self._told = self._told, fault
        if fault is None and was is not None:
            log.info("%s: there now (%s)", self.name, self.source.about)
        elif fault not in (None, was, NO_VALUE, NOTHING, ENDED):
            log.warning("%s: taken for absent (%s): %s", self.name, self.source.about, fault)

    def close(self) -> None:
        """The thread ends with its next value; one that hangs ends with the process."""
        with self._changed:
            self._run = -1
            self._changed.notify_all()

    def _lasts(self) -> bool:
        """A picture or a text stays what it is when nothing follows; sound does not."""
        return self.spec.kind in ("image", "text", "table") and not self.source.live

    def _start(self) -> None:
        self._run += 1
        name = f"mmkeras {self.name}"
        threading.Thread(target=self._read, args=(self._run,), name=name, daemon=True).start()

    def _watch(self, now_s: float) -> None:
        """A device whose read hangs is opened anew: an unplugged camera may never return."""
        hangs = self.source.live and self.failure is None and self.health.limits.stall_s
        if hangs and now_s - self._heard_s > self._patience_s:
            log.warning("%s: opened anew, it hangs (%s)", self.name, self.source.about)
            self._heard_s = now_s
            self._patience_s = min(2 * self._patience_s, LONGEST_S)
            self._start()

    def _read(self, run: int) -> None:
        tries = 0
        while self._run == run:
            before, failure = self.values, "it ended"
            try:
                self._pump(run, self.source.open())
            except Exception as error:  # noqa: BLE001 - a driver raises whatever it likes
                failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
            with self._changed:
                if self._run != run:
                    return
                self.ended = not self.source.live
                self.window.last = self.ended
                self.failure = None if self.ended and failure == "it ended" else failure
                self._changed.notify_all()
                if self.ended:
                    return
                tries = 0 if self.values > before else tries + 1
                self._changed.wait_for(
                    lambda: self._run != run, RETRY_S[min(tries, len(RETRY_S) - 1)]
                )

    def _pump(self, run: int, values: Iterator[Any]) -> None:
        try:
            for value in values:
                with self._changed:
                    if self._run != run:
                        return
                    self._add(value)
                    self._changed.notify_all()
                    if not self.source.paced:
                        self._changed.wait_for(lambda: not self.fresh or self._run != run)
        finally:
            close = getattr(values, "close", None)
            if close is not None:
                close()

    def _add(self, value: Any) -> None:
        now_s = self._heard_s = time.monotonic()
        self._patience_s = GIVE_UP_S
        self.failure = None
        self.values += 1
        self._gone = value is None or (isinstance(value, str) and not value)
        if self._gone:
            self._gone_unseen = True
            self.window.clear()
            return
        if self.spec.kind in ("audio", "sensor"):
            value = numbers(value, self.spec.kind)
        self.health.see(value, now_s)
        self.window.add(value, now_s)
