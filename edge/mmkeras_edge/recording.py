"""Readings in a file: CSV with or without a header, or a NumPy array."""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from mmkeras_edge.specs import SensorSpec

NUMPY = b"\x93NUMPY"  # how a .npy file begins
TIMES = ("time", "t", "timestamp", "time_s")  # a first column so called holds seconds
LIMIT_READINGS = 1_000_000  # of one window; more are refused
LIMIT_BYTES = 256 << 20  # of a .npy
LIMIT_LINE = 1 << 20  # letters of a line; the rest of a longer one is another line, and misfits


class Recording(NamedTuple):
    """Readings (n, channels) or (n,), their times in seconds (None: at the common rate), and the
    names of the channels, where a header gave some."""

    times_s: np.ndarray | None
    values: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def rate_hz(self) -> float | None:
        """Of the readings on average, to three digits; None where no times say."""
        if self.times_s is None or len(self.times_s) < 2 or self.times_s[-1] == self.times_s[0]:
            return None
        rate_hz = (len(self.times_s) - 1) / float(self.times_s[-1] - self.times_s[0])
        return float(f"{rate_hz:.3g}")

    def checked(self) -> Recording:
        """Itself, or a ValueError for what no sensor gives."""
        if self.values.ndim == 0 or self.values.size == 0:
            raise ValueError("sensor: no readings")
        if np.isinf(self.values).any():
            raise ValueError("sensor: a reading is infinite")
        if self.times_s is None:
            return self
        if not np.isfinite(self.times_s).all():
            raise ValueError("sensor: a time is missing or infinite")
        back = np.flatnonzero(np.diff(self.times_s) < 0)
        if len(back):
            raise ValueError(
                f"sensor: time runs back at reading {back[0] + 1}, from "
                f"{self.times_s[back[0]]:g} to {self.times_s[back[0] + 1]:g} s; sort the readings"
            )
        return self


def read_recording(file: BinaryIO, what: str, spec: SensorSpec | None = None) -> Recording:
    """A CSV or .npy file: no more of it than the window of `spec`, whose named channels are taken.

    None: the whole of it. Raises ValueError, with `what` it was, for anything else.
    """
    begin = file.read(len(NUMPY))
    file.seek(0)
    try:
        found = _read_array(file) if begin == NUMPY else _read_csv(file, spec)
        return found.checked()
    except (csv.Error, UnicodeDecodeError, EOFError, MemoryError) as error:
        raise ValueError(f"sensor: {what} is no CSV or .npy of readings: {error}") from error
    except ValueError as error:
        raise ValueError(f"sensor: {what}: {str(error).removeprefix('sensor: ')}") from error


def _read_array(file: BinaryIO) -> Recording:
    if file.seek(0, os.SEEK_END) > LIMIT_BYTES:
        raise ValueError(f"more than {LIMIT_BYTES:,} bytes; cut the recording")
    file.seek(0)
    array = np.load(file, allow_pickle=False)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"wanted numbers, received {array.dtype}")
    return Recording(None, array.astype(np.float64))


def _read_csv(file: BinaryIO, spec: SensorSpec | None) -> Recording:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(iter(lambda: text.readline(LIMIT_LINE), ""))
    try:
        rows = (row for row in reader if row)
        first = next(rows, None)
        if first is None:
            raise ValueError("no readings")
        header = [cell.strip() for cell in first] if not all(map(_is_number, first)) else []
        timed = bool(header) and header[0].lower() in TIMES
        body = rows if header else itertools.chain([first], rows)
        table = np.array(list(_window(body, reader, len(first), timed, spec)), np.float64)
    finally:
        text.detach()  # the file is its caller's to close
    if not table.size:
        raise ValueError("no readings")
    values, names = table[:, int(timed) :], tuple(header[int(timed) :])
    if spec is not None and spec.names and names:
        values, names = values[:, _places(names, spec.names)], spec.names
    return Recording(table[:, 0] if timed else None, values, names)


def _window(
    rows: Iterator[list[str]], reader: Any, width: int, timed: bool, spec: SensorSpec | None
) -> Iterator[list[float]]:
    """The rows as numbers, until the window of `spec` is full."""
    begin_s = None
    for count, row in enumerate(rows):
        if len(row) != width:
            raise ValueError(f"line {reader.line_num}: {len(row)} cells, wanted {width}")
        if count >= LIMIT_READINGS:
            raise ValueError(f"more than {LIMIT_READINGS:,} readings; cut the recording")
        try:
            values = [float(cell) if cell.strip() else float("nan") for cell in row]
        except ValueError as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error
        yield values
        if spec is None:
            continue
        begin_s = values[0] if begin_s is None else begin_s
        past = (values[0] - begin_s) * spec.rate_hz > spec.steps + 1
        if past if timed else count + 1 >= spec.steps:
            return


def _places(names: tuple[str, ...], wanted: tuple[str, ...]) -> list[int]:
    from mmkeras_edge.inputs import pick

    there = {name: place for place, name in enumerate(names)}
    return [pick(there, name, "column") for name in wanted]


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip() or "nan")
    except ValueError:
        return False
    return True
