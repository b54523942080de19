"""Where the values of an input come from, again and again."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mmkeras_edge.streaming.health import Limits


@dataclass(frozen=True)
class Source:
    """Values of one input at their own rate.

    `open()` gives an iterator of them, and is called again after a fault. A value is what
    `load_input` takes of a picture, text or record; of a film one frame; of sound and sensors
    (n,) or (n, channels) more of them, `rate_hz` a second, or one reading of each channel.

    `live` is a device: if it ends, it was unplugged; anything else may end. What is not `paced`
    comes as fast as the model takes it, and then none is dropped. `limits` default to those of its
    kind, for a device, and to none.
    """

    open: Callable[[], Iterator[Any]]
    about: str = "an iterator"
    live: bool = False
    paced: bool = True
    rate_hz: float | None = None
    limits: Limits | None = None


def source_of(
    values: Source | Iterable[Any] | Callable[[], Iterator[Any]], rate_hz: float | None = None
) -> Source:
    """Any Python iterable, or a function that makes one anew, as a source.

    `rate_hz` is that of sound or readings, by default the model's. An iterator has its own rate,
    and what it gives too fast is dropped; a list is taken value by value. A function may fail and
    is called again; an iterator that fails has ended. Raises ValueError for what is neither.
    """
    if isinstance(values, Source):
        return values
    if callable(values):
        called: Callable[[], Iterator[Any]] = values
        about = getattr(values, "__name__", "a function")
        return Source(lambda: iter(called()), about, live=True, rate_hz=rate_hz)
    if isinstance(values, Iterable) and not isinstance(values, str | bytes):
        once = iter(values)
        return Source(lambda: once, paced=not hasattr(values, "__len__"), rate_hz=rate_hz)
    file = isinstance(values, (str, bytes, os.PathLike))
    raise ValueError(
        f"a source is an iterable, a function that makes one, or one of mmkeras_edge.streaming; "
        f"received {type(values).__name__}"
        + ("; of a file: picture(path), film, sound, readings or lines" if file else "")
    )


def at_rate(values: Iterable[Any], period_s: float | None) -> Iterator[Any]:
    """The values one by one, each not before its time; None: at once.

    A value that comes late does not hurry those after it: no burst follows a pause.
    """
    due_s = time.monotonic()
    for value in values:
        if period_s is not None:
            wait_s = due_s - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            due_s = max(due_s, time.monotonic() - period_s) + period_s
        yield value
