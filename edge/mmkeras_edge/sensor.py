"""Readings from anywhere to the window that the graph takes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union

import numpy as np

from mmkeras_edge.recording import Recording, read_recording
from mmkeras_edge.specs import SensorSpec

# A source so much faster than the common rate is averaged in windows, so that nothing beyond half
# the rate is taken for something slower. Closer ones are interpolated: a window would only blur
# what the jitter of a clock makes of equal rates.
FASTER = 1.25

SensorSource = Union[
    str,
    "os.PathLike[str]",
    bytes,
    np.ndarray,
    "tuple[np.ndarray, float]",
    "tuple[np.ndarray, np.ndarray]",
    "Mapping[str | int, Any]",
]


class Track(NamedTuple):
    """One channel: when, in seconds of any clock, and what, both (n,)."""

    times_s: np.ndarray
    values: np.ndarray


def load_sensor(source: SensorSource, spec: SensorSpec) -> np.ndarray:
    """Readings to float32 (steps, channels) at `spec.rate_hz`, in the sensor's own units.

    A source is an array (n, channels) at that rate, (array, rate_hz), (times_s, array) for uneven
    readings, {name or number of a channel: (values, rate_hz) or (times_s, values)} where each
    channel has a rate of its own, or a path or the content of a CSV or .npy file. A CSV may have a
    header; a first column called time, t or timestamp says when, in seconds.

    Faster readings are averaged in windows of one step, slower ones interpolated, gaps (NaN, an
    empty cell) too. The first `window_ms` are kept. A shorter recording goes on with its last
    reading: zeros would be a jump, and a reading that no sensor gave. Raises ValueError for what is
    no such thing and FileNotFoundError for a path that is not there.
    """
    if isinstance(source, np.ndarray) and _is_ready(source, spec):
        return source.astype(np.float32, copy=False)
    tracks = _by_channel(source, spec) if isinstance(source, Mapping) else _tracks(source, spec)
    start_s = min(track.times_s[0] for track in tracks)
    window = np.empty(spec.shape, np.float32)
    for channel, track in enumerate(tracks):
        known = ~np.isnan(track.values)
        if not known.any():
            raise ValueError(f"sensor: channel {_called(channel, spec)} holds no reading, only NaN")
        clean = Track(track.times_s[known] - start_s, track.values[known])
        window[:, channel] = resampled(clean, spec.rate_hz, spec.steps)
    return window


def _is_ready(array: np.ndarray, spec: SensorSpec) -> bool:
    """Whether nothing is left to do: a whole window at the model's rate, without gaps."""
    fits = array.shape == spec.shape and array.dtype.kind in "iuf"
    return fits and bool(np.isfinite(array).all())


def resampled(track: Track, rate_hz: float, steps: int) -> np.ndarray:
    """The track at the times 0, 1 / rate_hz, ...: float64 (steps,).

    Its first and last readings hold before and after. Times must not decrease.
    """
    times_s = np.arange(steps) / rate_hz
    enough = np.searchsorted(track.times_s, (steps + 1) / rate_hz) + 1
    own_s, values = track.times_s[:enough], track.values[:enough]
    between = np.interp(times_s, own_s, values)
    if own_s[-1] == own_s[0]:
        return between
    usual_s = np.median(np.diff(own_s))  # a gap leaves it, where it would lower the mean rate
    if FASTER * usual_s * rate_hz > 1:
        return between
    half_s = 0.5 / rate_hz
    low, high = (np.clip(times_s + side, own_s[0], own_s[-1]) for side in (-half_s, half_s))
    width_s = high - low
    total = _integral(own_s, values, high) - _integral(own_s, values, low)
    return np.where(width_s > 0, total / np.where(width_s > 0, width_s, 1), between)


def _integral(times_s: np.ndarray, values: np.ndarray, until_s: np.ndarray) -> np.ndarray:
    """Of the straight lines between the readings, from the first of them."""
    gaps_s, rises = np.diff(times_s), np.diff(values)
    whole = np.concatenate([[0.0], np.cumsum(gaps_s * (values[1:] + values[:-1]) / 2)])
    slopes = np.divide(rises, gaps_s, out=np.zeros_like(rises), where=gaps_s > 0)
    place = np.clip(np.searchsorted(times_s, until_s, "right") - 1, 0, len(gaps_s) - 1)
    rest_s = until_s - times_s[place]
    return whole[place] + rest_s * (values[place] + slopes[place] * rest_s / 2)


def _tracks(source: Any, spec: SensorSpec) -> list[Track]:
    """One track a channel, all with the same times."""
    recording = _open(source, spec)
    values = recording.values
    if values.ndim == 1 and spec.channels == 1:
        values = values[:, None]
    if values.ndim != 2 or values.shape[1] != spec.channels:
        names = f" ({', '.join(recording.names)})" if recording.names else ""
        lies = values.ndim == 2 and values.shape[0] == spec.channels
        raise ValueError(
            f"sensor: wanted readings of {spec.channels} channels, (n, {spec.channels}), "
            f"received {values.shape}{names}{'; transpose it' if lies else ''}"
        )
    times_s = recording.times_s
    if times_s is None:
        times_s = np.arange(len(values)) / spec.rate_hz
    else:
        _check_seconds([times_s], spec)
    return [Track(times_s, values[:, channel]) for channel in range(spec.channels)]


def _check_seconds(clocks: Iterable[np.ndarray], spec: SensorSpec) -> None:
    """Refuses times so far apart, even on the densest of these clocks, that they are no seconds."""
    spans_s = [(times_s[-1] - times_s[0], len(times_s)) for times_s in clocks if len(times_s) > 2]
    if not spans_s:
        return
    span_s, count = min(spans_s, key=lambda span: span[0] / span[1])
    if span_s > count * spec.window_ms / 1_000:
        raise ValueError(
            f"sensor: the readings are {span_s / (count - 1):.3g} s apart, the window is "
            f"{spec.window_ms / 1_000:g} s; give times in seconds"
        )


def _open(source: Any, spec: SensorSpec) -> Recording:
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            raise FileNotFoundError(f"sensor: no file {os.fspath(source)!r}")
        with open(source, "rb") as file:
            return read_recording(file, repr(os.fspath(source)), spec)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return read_recording(io.BytesIO(source), f"{len(source)} bytes", spec)
    if isinstance(source, np.ndarray):
        return Recording(None, _numbers(source))
    if isinstance(source, tuple) and len(source) == 2:
        return _timed(*source)
    raise ValueError(
        "sensor: wanted a path, bytes, an array, (array, rate_hz), (times_s, array) or a dict of "
        f"channels, received {type(source).__name__}"
        + ("; give np.array(readings)" if isinstance(source, list) else "")
    )


def _timed(first: Any, second: Any) -> Recording:
    """(values, rate_hz) or (times_s, values)."""
    if np.ndim(second) == 0:
        values = _numbers(first)
        if not isinstance(second, (int, float, np.number)) or not 0 < second < float("inf"):
            raise ValueError(f"sensor: wanted a rate in Hz, received {second!r}")
        return Recording(np.arange(len(values)) / float(second), values)
    if np.ndim(first) == 0:
        raise ValueError("sensor: wanted (array, rate_hz), received (rate_hz, array); swap them")
    times_s, values = _numbers(first), _numbers(second)
    if times_s.shape != values.shape[:1]:
        raise ValueError(
            f"sensor: wanted one time a reading, received times {times_s.shape} and readings "
            f"{values.shape}"
        )
    return Recording(times_s, values).checked()


def _by_channel(source: Mapping[Any, Any], spec: SensorSpec) -> list[Track]:
    """From a dict; a channel without times begins with the earliest of those that have them."""
    from mmkeras_edge.inputs import pick

    places = {str(number): number for number in range(spec.channels)}
    places.update({name: number for number, name in enumerate(spec.names)})
    found: dict[int, Track] = {}
    timed: set[int] = set()
    for name, readings in source.items():
        place = pick(places, str(name), "sensor channel")
        if not isinstance(readings, tuple) or len(readings) != 2:
            raise ValueError(
                f"sensor: channel {name!r}: wanted (values, rate_hz) or (times_s, values), "
                f"received {type(readings).__name__}"
            )
        times_s, values, _ = _timed(*readings)
        if values.ndim != 1 or times_s is None:
            raise ValueError(f"sensor: channel {name!r}: wanted (n,), received {values.shape}")
        found[place] = Track(times_s, values)
        if np.ndim(readings[1]):
            timed.add(place)
    missing = [_called(place, spec) for place in range(spec.channels) if place not in found]
    if missing:
        raise ValueError(f"sensor: no readings of channel {', '.join(missing)}")
    _check_seconds([found[place].times_s for place in timed], spec)
    start_s = min((found[place].times_s[0] for place in timed), default=0.0)
    for place in timed:  # the others already begin at 0
        found[place] = Track(found[place].times_s - start_s, found[place].values)
    return [found[place] for place in range(spec.channels)]


def _numbers(values: Any) -> np.ndarray:
    """As float64, with at least one reading, none infinite."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"sensor: the readings are no array: {error}") from error
    if array.dtype.kind not in "iuf":
        raise ValueError(f"sensor: wanted numbers, received {array.dtype}")
    return Recording(None, array.astype(np.float64)).checked().values


def _called(channel: int, spec: SensorSpec) -> str:
    return spec.names[channel] if spec.names else str(channel)
