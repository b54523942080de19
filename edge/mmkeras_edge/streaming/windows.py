"""What of a source's values the model looks at: the latest one, or the latest seconds."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from mmkeras_edge.image import load_image
from mmkeras_edge.specs import AudioSpec, InputSpec, SensorSpec, VideoSpec

HOPS = 4  # new looks at sound, readings or film in the length of a window
FILM_S = 2.0  # of which a film's frames are taken


class Latest:
    """Of pictures, texts and records the latest; what nobody took before it is dropped."""

    def __init__(self) -> None:
        self._value: Any = None
        self.fresh = False
        self.last = False  # whether no value will follow
        self.dropped = 0

    def add(self, value: Any, now_s: float) -> None:
        self.dropped += self.fresh
        self._value, self.fresh = value, True

    def take(self) -> Any:
        """What `load_input` takes, or None while there is nothing."""
        self.fresh = False
        return self._value

    def clear(self) -> None:
        self._value, self.fresh = None, False


def numbers(value: Any, kind: str) -> np.ndarray:
    """Some sound or readings as an array: readings float64, whether they came as 3 or as 3.5,
    sound float32 or as integers. ValueError for what is none."""
    try:
        array = np.atleast_1d(value)
    except ValueError:  # of different lengths, such as (samples, rate_hz)
        array = np.empty(0, object)
    if array.dtype.kind not in "iuf":
        raise ValueError(
            f"{kind}: wanted arrays (n,) or (n, channels), received {type(value).__name__}; "
            "a rate goes to source_of(values, rate_hz), a file to sound() or readings()"
        )
    if kind == "sensor":
        return array.astype(np.float64, copy=False)
    return array.astype(np.float32, copy=False) if array.dtype.kind == "f" else array


class Rolling:
    """Of sound or readings the latest seconds, (n,) or (n, channels), at the source's own rate.

    It is fresh again after a hop, by default a quarter of the window. Of several `channels`, (n,)
    is one reading of each.
    """

    def __init__(
        self, rate_hz: float, window_s: float, hop_s: float | None = None, channels: int = 1
    ):
        self.rate_hz, self._channels = rate_hz, channels
        self._limit = max(1, round(rate_hz * window_s))
        self._hop = max(1, round(rate_hz * (window_s / HOPS if hop_s is None else hop_s)))
        self._buffer: np.ndarray | None = None
        self._filled = self._new = 0
        self.last = False
        self.dropped = 0  # windows overlap: nothing is lost, only looks are skipped

    @property
    def fresh(self) -> bool:
        return self._new >= (1 if self.last else self._hop)

    def add(self, value: Any, now_s: float) -> None:
        values = np.atleast_1d(value)
        if values.ndim == 1 and self._channels > 1:
            values = values[np.newaxis]
        values = values[-self._limit :]
        count = len(values)
        if self._buffer is None:
            self._buffer = np.zeros((self._limit, *values.shape[1:]), values.dtype)
        if values.shape[1:] != self._buffer.shape[1:]:
            raise ValueError(
                f"a source that gave {self._buffer.shape[1:]} channels now gives {values.shape[1:]}"
            )
        if values.dtype != self._buffer.dtype:  # floats up to 1 among integers would be silence
            raise ValueError(
                f"a source that gave {self._buffer.dtype} now gives {values.dtype}; give one type"
            )
        if count:
            self._buffer[:-count] = self._buffer[count:]
            self._buffer[-count:] = values
        self.dropped += self.fresh
        self._filled = min(self._filled + count, self._limit)
        self._new += count

    def take(self) -> tuple[np.ndarray, float] | None:
        self._new = 0
        if self._buffer is None or not self._filled:
            return None
        return self._buffer[-self._filled :].copy(), self.rate_hz

    def clear(self) -> None:
        self._filled = self._new = 0
        self._buffer = None  # what comes back may give another type


class Film:
    """Of frames the latest seconds, already as small as the model takes them."""

    def __init__(self, spec: VideoSpec, window_s: float = FILM_S):
        self._spec, self._window_s = spec, window_s
        self._frames: deque[tuple[float, np.ndarray]] = deque()
        self._taken_s = -np.inf
        self.last = False
        self.dropped = 0

    @property
    def fresh(self) -> bool:
        newest_s = self._frames[-1][0] if self._frames else -np.inf
        new_s = newest_s - self._taken_s
        return new_s > 0 if self.last else new_s >= self._window_s / HOPS

    def add(self, value: Any, now_s: float) -> None:
        self._frames.append((now_s, load_image(value, self._spec.frame)))
        while now_s - self._frames[0][0] > self._window_s:
            self._frames.popleft()

    def take(self) -> np.ndarray | None:
        if not self._frames:
            return None
        self._taken_s = self._frames[-1][0]
        return np.stack([frame for _, frame in self._frames])

    def clear(self) -> None:
        self._frames.clear()


Window = Latest | Rolling | Film


def window_of(spec: InputSpec, rate_hz: float | None, hop_s: float | None = None) -> Window:
    """The window of an input over a source of that rate, by default the model's own."""
    if isinstance(spec, AudioSpec):
        return Rolling(rate_hz or spec.rate_hz, spec.clip_ms / 1_000, hop_s)
    if isinstance(spec, SensorSpec):
        return Rolling(rate_hz or spec.rate_hz, spec.window_ms / 1_000, hop_s, spec.channels)
    return Film(spec) if isinstance(spec, VideoSpec) else Latest()
