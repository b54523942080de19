"""What one file is: whether the device's own loader reads it, and what its content is like."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mmkeras.quality.fingerprints import SIDE_PX, of_picture, of_sound
from mmkeras_edge.audio import load_audio
from mmkeras_edge.image import FORMATS, load_image
from mmkeras_edge.recording import read_recording
from mmkeras_edge.specs import AudioSpec, ImageSpec, VideoSpec
from mmkeras_edge.video import load_video

DARK, EVEN = 10.0, 1.5  # mean and deviation of grey levels, below which a picture is black, blank
SILENT = 1e-3  # peak of a sound, of 1: -60 dB
CLIPPED = 0.01  # share of samples at the very peak
LIMIT_S = 60  # of a sound that is listened to; of a longer one its end as well
SHORT_MS = 100  # of a sound that the device's loader is asked for

MEASURES: dict[str, tuple[str, ...]] = {  # kind -> names of its numbers, in order
    "image": ("width_px", "height_px", "brightness", "red", "green", "blue", "kB"),
    "audio": ("rate_hz", "channels", "seconds", "peak", "kB"),
    "video": ("brightness", "red", "green", "blue", "kB"),
    "sensor": ("rate_hz", "channels", "readings", "kB"),
}
PHRASES = (  # of what a loader says -> the name of the finding
    ("too large", "too_large"),
    ("no samples", "no_samples"),
    ("truncated", "truncated"),
    ("cut short", "truncated"),
    ("is no picture", "wrong_content"),
    ("is no sound", "wrong_content"),
    ("is no film", "wrong_content"),
    ("no readings", "no_samples"),
    ("want pyav", "not_looked_at"),
)


class Facts(NamedTuple):
    """What is known of a file. `wrong` is the name of a finding and a message, None: it is well."""

    digest: bytes = b""
    fingerprint: tuple[int, int] | None = None
    measures: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    wrong: tuple[str, str] | None = None


def probe(kind: str, path: str) -> Facts:
    """The facts of a file, whatever is wrong with it: it never raises for its content."""
    try:
        size = os.path.getsize(path)
        if size == 0:
            return Facts(wrong=("empty_file", f"{path!r} has zero bytes"))
        return _read(kind, path)
    except (ValueError, OSError, ImportError, MemoryError) as error:
        return Facts(wrong=(_named(error), str(error)))


def _read(kind: str, path: str) -> Facts:
    try:
        facts = PROBES[kind](path)
    except (ValueError, OSError, ImportError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged file leads a decoder to
        raise ValueError(f"{kind}: {path!r} is damaged: {type(error).__name__}: {error}") from error
    if os.path.isdir(path):
        return facts
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
        return facts._replace(digest=digest)


def _named(error: Exception) -> str:
    message = str(error).lower()
    if isinstance(error, FileNotFoundError):
        return "missing_file"
    return next((name for phrase, name in PHRASES if phrase in message), "unreadable")


def _image(path: str) -> Facts:
    from PIL import Image

    pixels = load_image(path, ImageSpec(SIDE_PX, SIDE_PX))  # refuses what is too large
    with Image.open(path, formats=FORMATS) as picture:
        width, height = picture.size
        notes = [*_image_notes(picture, width, height), *_blank(pixels)]
    measures = (width, height, *_colours(pixels), _kb(path))
    return Facts(fingerprint=None if "blank" in notes else of_picture(pixels), measures=measures,
                 notes=tuple(notes))  # fmt: skip


def _image_notes(picture: Any, width: int, height: int) -> list[str]:
    deep = picture.mode.startswith("I") or any("16" in str(tile[3]) for tile in picture.tile)
    seen = {
        "cmyk": picture.mode == "CMYK",
        "deep_colour": deep,
        "turned": picture.getexif().get(0x0112, 1) > 1,  # orientation
        "animated": getattr(picture, "is_animated", False),
        "transparent": picture.has_transparency_data,
        "tiny": min(width, height) < 32,
    }
    return [name for name, so in seen.items() if so]


def _blank(pixels: np.ndarray) -> list[str]:
    return ["blank"] if pixels.reshape(-1, 3).std(axis=0).max() < EVEN else []


def _colours(pixels: np.ndarray) -> tuple[float, ...]:
    """Brightness, red, green and blue on average, 0 to 255."""
    colours = pixels.reshape(-1, 3).mean(axis=0)
    return (float(colours.mean()), *map(float, colours))


def _kb(path: str) -> float:
    return os.path.getsize(path) / 1_000


def _audio(path: str) -> Facts:
    import soundfile

    load_audio(path, AudioSpec(clip_ms=SHORT_MS))  # as a training reads it; below, all of it
    _check_riff(path)
    with soundfile.SoundFile(path) as sound:
        rate_hz, channels, frames = sound.samplerate, sound.channels, sound.frames
        try:
            samples = sound.read(LIMIT_S * rate_hz, dtype="float32", always_2d=True)
            if frames > len(samples):
                sound.seek(max(frames - rate_hz, 0))
                sound.read(dtype="float32")
        except RuntimeError as error:
            raise ValueError(f"audio: {path!r} is damaged or cut short: {error}") from error
    mono = samples @ np.full(
        channels, 1 / channels, np.float32
    )  # mean(axis=1) takes ten times that
    if not np.isfinite(mono).all():
        raise ValueError(f"audio: {path!r} holds NaN or infinity")
    peak = float(np.abs(mono).max(initial=0.0))
    seen = {
        "silent": peak < SILENT,
        "clipped": peak >= 0.99 and float((np.abs(mono) >= peak).mean()) > CLIPPED,
        "many_channels": channels > 2,
        "high_rate": rate_hz >= 96_000,
    }
    notes = tuple(name for name, so in seen.items() if so)
    measures = (rate_hz, channels, frames / rate_hz, peak, _kb(path))
    return Facts(
        fingerprint=None if peak < SILENT else of_sound(mono, rate_hz),
        measures=measures,
        notes=notes,
    )


def _check_riff(path: str) -> None:
    """libsndfile reads what is there of a WAV and does not say that the header promises more."""
    with open(path, "rb") as file:
        begin = file.read(12)
        if begin[:4] != b"RIFF" or begin[8:12] != b"WAVE":
            return
        promised = int.from_bytes(begin[4:8], "little") + 8
        there = os.path.getsize(path)
    if there < promised < 0xFFFFFFFF:
        raise ValueError(f"audio: {path!r} is cut short: {there:,} bytes of {promised:,}")


def _video(path: str) -> Facts:
    frames = load_video(path, VideoSpec(3, SIDE_PX, SIDE_PX))
    blank = [] if any(not _blank(frame) for frame in frames) else ["blank"]
    size = 0.0 if os.path.isdir(path) else _kb(path)
    print_ = None if blank else of_picture(frames[1])
    return Facts(fingerprint=print_, measures=(*_colours(frames[1]), size), notes=tuple(blank))


def _sensor(path: str) -> Facts:
    with open(path, "rb") as file:
        found = read_recording(file, repr(path))
    values = found.values.reshape(len(found.values), -1)
    changes = np.nanmax(values, axis=0) > np.nanmin(values, axis=0)
    measures = (found.rate_hz or float("nan"), values.shape[1], len(values), _kb(path))
    return Facts(measures=measures, notes=() if changes.any() else ("flat",))


PROBES: dict[str, Callable[[str], Facts]] = {
    "image": _image,
    "audio": _audio,
    "video": _video,
    "sensor": _sensor,
}
