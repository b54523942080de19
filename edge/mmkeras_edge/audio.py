"""A sound from anywhere to the samples that the graph takes."""

from __future__ import annotations

import io
import math
import os
from typing import Any, Union

import numpy as np

from mmkeras_edge.specs import AudioSpec

MARGIN_MS = 50  # decoded beyond the clip, so that the resampler's end effects fall outside it
LIMITS_HZ = 1_000, 768_000  # of a sample rate
LIMIT_CHANNELS = 64  # more are samples lying on their side
LIMIT_PEAK = 100.0  # of full scale: 40 dB too loud; beyond it are integers written as floats
# libsndfile reads 25 formats more, whose parsers a stranger's file has no need to reach.
BEGINNINGS = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"ID3")
FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3")

AudioSource = Union[str, "os.PathLike[str]", bytes, "tuple[np.ndarray, int]"]


def load_audio(source: AudioSource, spec: AudioSpec) -> np.ndarray:
    """A path, file content or (samples, rate_hz) to float32 mono PCM in -1 to 1, (samples,).

    Samples are (n,) or (n, channels), float in -1 to 1 or int16. The first `clip_ms` are kept,
    a shorter sound is followed by silence. Raises ValueError for what is no sound and
    FileNotFoundError for a path that is not there.
    """
    samples, rate_hz = decoded_audio(source, spec)
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    # NaN and infinity are the largest or the smallest: a quarter of what looking at each costs.
    peak = max(float(mono.max()), -float(mono.min()))
    if not math.isfinite(peak):
        raise ValueError("audio: the samples hold NaN or infinity")
    if peak > LIMIT_PEAK:
        raise ValueError(
            f"audio: wanted floats from -1 to 1, received up to {peak:,.0f}; divide them by the "
            "largest that their integers can be, 32,768 of 16 bits"
        )
    if rate_hz != spec.rate_hz:
        import soxr

        mono = soxr.resample(np.ascontiguousarray(mono), rate_hz, spec.rate_hz)
    mono = mono[: spec.samples]
    if len(mono) == spec.samples:
        return np.ascontiguousarray(mono, np.float32)
    clip = np.zeros(spec.shape, np.float32)
    clip[: len(mono)] = mono
    return clip


def decoded_audio(source: AudioSource, spec: AudioSpec) -> tuple[np.ndarray, int]:
    """As much of a sound as is wanted, before it is mixed and resampled: float32 (n,) or
    (n, channels), and its rate."""
    return _open(source, spec.clip_ms + MARGIN_MS)


def _open(source: Any, wanted_ms: int) -> tuple[np.ndarray, int]:
    if isinstance(source, tuple) and len(source) == 2:
        return _cut(*source, wanted_ms)
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            raise FileNotFoundError(f"audio: no file {os.fspath(source)!r:.300}")
        with open(source, "rb") as file:
            return _decode(file, repr(os.fspath(source)), wanted_ms)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _decode(io.BytesIO(source), f"{len(source)} bytes", wanted_ms)
    raise ValueError(
        "audio: wanted a path, bytes or (samples, rate_hz), "
        f"received {type(source).__name__}; an array alone does not say its rate"
    )


def _decode(content: Any, what: str, wanted_ms: int) -> tuple[np.ndarray, int]:
    import soundfile

    wanted = f"audio: {what} is no sound; wanted WAV, FLAC, OGG or MP3"
    if not is_sound(content.read(4)):
        raise ValueError(wanted)
    content.seek(0)
    if isinstance(content, io.BufferedReader):  # libsndfile then reads by itself: a third less time
        content = content.fileno()
        os.lseek(content, 0, os.SEEK_SET)
    try:
        with soundfile.SoundFile(content, closefd=False) as sound:
            if sound.format not in FORMATS:
                raise ValueError(f"{wanted}, received {sound.format}")
            if sound.channels > LIMIT_CHANNELS:
                raise ValueError(f"audio: {what} has {sound.channels} channels, too many")
            rate_hz = _rate(sound.samplerate)
            samples = sound.read(_count(rate_hz, wanted_ms), dtype="float32")
    except (RuntimeError, TypeError) as error:  # TypeError: taken for headerless raw samples
        raise ValueError(f"{wanted} ({error})") from error
    if len(samples) == 0:
        raise ValueError(f"audio: {what} holds no samples")
    return samples, rate_hz


def is_sound(begin: bytes) -> bool:
    """By its first four bytes; also an MP3 without tags, which begins with eleven bits set."""
    bare = len(begin) > 1 and begin[0] == 0xFF and begin[1] >= 0xE0
    return begin.startswith(BEGINNINGS) or bare


def _cut(samples: Any, rate_hz: Any, wanted_ms: int) -> tuple[np.ndarray, int]:
    if isinstance(rate_hz, (np.ndarray, list)) and isinstance(samples, (int, float, np.number)):
        raise ValueError("audio: wanted (samples, rate_hz), received (rate_hz, samples); swap them")
    rate_hz = _rate(rate_hz)
    try:
        samples = np.asarray(samples)
    except ValueError as error:
        raise ValueError(f"audio: the samples are no array: {error}") from error
    channels = samples.shape[1] if samples.ndim == 2 else 1
    if samples.ndim not in (1, 2) or len(samples) == 0 or not 1 <= channels <= LIMIT_CHANNELS:
        raise ValueError(
            f"audio: wanted samples (n,) or (n, channels), received {samples.shape}"
            + ("; transpose it" if channels > LIMIT_CHANNELS else "")
        )
    samples = samples[: _count(rate_hz, wanted_ms)]
    if samples.dtype == np.int16:
        return samples.astype(np.float32) / 32_768, rate_hz
    if not np.issubdtype(samples.dtype, np.floating):
        cure = ""
        if samples.dtype.kind == "i":
            cure = f"; give samples / {-float(np.iinfo(samples.dtype).min):.0f}"
        elif samples.dtype == np.uint8:
            cure = "; give samples / 128.0 - 1"
        raise ValueError(f"audio: wanted float or int16 samples, received {samples.dtype}{cure}")
    return samples.astype(np.float32, copy=False), rate_hz


def _rate(rate_hz: Any) -> int:
    low, high = LIMITS_HZ
    if not isinstance(rate_hz, (int, float, np.integer, np.floating)) or not low <= rate_hz <= high:
        raise ValueError(f"audio: a sample rate of {rate_hz!r:.80} Hz; wanted {low:,} to {high:,}")
    return int(rate_hz)


def _count(rate_hz: int, length_ms: int) -> int:
    return rate_hz * length_ms // 1_000 + 1
