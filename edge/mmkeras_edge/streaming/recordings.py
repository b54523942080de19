"""Files as sources: films, pictures, sounds, readings and lines of text, in real time or faster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras_edge.recording import read_recording
from mmkeras_edge.specs import SensorSpec
from mmkeras_edge.streaming.source import Source, at_rate

BLOCK_S = 0.1  # of sound or readings at a time
PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")
STDIN = "-"

Path_ = str | os.PathLike[str]


def picture(path: Path_) -> Source:
    """One picture that stays: its branch runs once."""
    _check_file(path, "picture")
    return Source(lambda: iter([os.fspath(path)]), f"the picture {os.fspath(path)}")


def film(path: Path_, fast: bool = False, loop: bool = False) -> Source:
    """The frames of a film (PyAV), or the pictures of a folder at one a second."""
    if os.path.isdir(path):
        names = sorted(f for f in os.listdir(path) if f.lower().endswith(PICTURES))
        if not names:
            raise ValueError(
                f"the folder {os.fspath(path)!r} holds no picture: {', '.join(PICTURES)}"
            )
        paths = [os.path.join(path, name) for name in names]
        frames = lambda: at_rate(paths, None if fast else 1.0)  # noqa: E731
    else:
        _check_file(path, "picture, film or folder")
        frames = lambda: _frames(os.fspath(path), fast)  # noqa: E731
    return _recorded(frames, f"the film {os.fspath(path)}", fast, loop)


def sound(path: Path_, fast: bool = False, loop: bool = False) -> Source:
    """A WAV, FLAC, OGG or MP3 file, a tenth of a second at a time."""
    import soundfile

    _check_file(path, "sound")
    try:
        rate_hz = soundfile.info(os.fspath(path)).samplerate
    except RuntimeError as error:
        raise ValueError(f"{os.fspath(path)!r} is no sound: {error}") from error

    def blocks() -> Iterator[np.ndarray]:
        with soundfile.SoundFile(os.fspath(path)) as file:
            each = file.blocks(max(1, round(rate_hz * BLOCK_S)), dtype="float32")
            yield from at_rate(each, None if fast else BLOCK_S)

    return _recorded(blocks, f"the sound {os.fspath(path)}", fast, loop, rate_hz)


def readings(path: Path_, spec: SensorSpec, fast: bool = False, loop: bool = False) -> Source:
    """A CSV or .npy file of readings; its first column `time` says their rate, else the model's
    is taken."""
    _check_file(path, "sensor file")
    with open(path, "rb") as file:
        recording = read_recording(file, repr(os.fspath(path)))
    values = recording.values if recording.values.ndim == 2 else recording.values[:, None]
    if spec.names and recording.names:
        from mmkeras_edge.inputs import pick

        places = {name: place for place, name in enumerate(recording.names)}
        values = values[:, [pick(places, name, "column") for name in spec.names]]
    if values.shape[1] != spec.channels:
        raise ValueError(
            f"{os.fspath(path)!r} has {values.shape[1]} channels, the model wants {spec.channels}"
        )
    rate_hz = recording.rate_hz or spec.rate_hz
    each = max(1, round(rate_hz * BLOCK_S))

    def blocks() -> Iterator[np.ndarray]:
        parts = (values[at : at + each] for at in range(0, len(values), each))
        yield from at_rate(parts, None if fast else each / rate_hz)

    return _recorded(blocks, f"the readings {os.fspath(path)}", fast, loop, rate_hz)


def lines(path: Path_ = STDIN, period_s: float | None = 1.0) -> Source:
    """Each line of standard input as it is typed, or of a file, one a `period_s`, None for as fast
    as the model takes them; a line holds until the next.

    An empty line takes the text away: it is absent then.
    """
    if os.fspath(path) == STDIN:
        typed = lambda: (line.rstrip("\r\n") for line in sys.stdin)  # noqa: E731
        return Source(typed, "standard input", paced=period_s is not None)
    _check_file(path, "text")

    def each() -> Iterator[str]:
        with open(path, encoding="utf-8-sig") as file:
            try:
                yield from at_rate((line.rstrip("\r\n") for line in file), period_s)
            except UnicodeDecodeError as error:
                raise ValueError(f"{os.fspath(path)!r} is no text in UTF-8: {error}") from error

    paced = period_s is not None
    return Source(each, f"the lines of {os.fspath(path)}", paced=paced)


def _recorded(
    open_it: Any, about: str, fast: bool, loop: bool, rate_hz: float | None = None
) -> Source:
    def again() -> Iterator[Any]:
        while True:
            yield from open_it()

    return Source(again if loop else open_it, about, paced=not fast, rate_hz=rate_hz)


def _frames(path: str, fast: bool) -> Iterator[np.ndarray]:
    from mmkeras_edge.streaming.devices import av_frames, need_pyav

    need_pyav(f"the film {path!r}")
    yield from av_frames(path, None, paced=not fast)


def _check_file(path: Path_, what: str) -> None:
    if not Path(path).is_file():
        raise FileNotFoundError(f"no {what} {os.fspath(path)!r}")
