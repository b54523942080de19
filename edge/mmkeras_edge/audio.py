"""A sound from anywhere to the samples that the graph takes."""

from __future__ import annotations

import io
import os
from typing import Any, Union

import numpy as np

from mmkeras_edge.specs import AudioSpec

MARGIN_MS = 50  # decoded beyond the clip, so that the resampler's end effects fall outside it
RATES_HZ = range(1_000, 768_001)

AudioSource = Union[str, "os.PathLike[str]", bytes, "tuple[np.ndarray, int]"]


def load_audio(source: AudioSource, spec: AudioSpec) -> np.ndarray:
    """A path, file content or (samples, rate_hz) to float32 mono PCM in -1 to 1, (samples,).

    Samples are (n,) or (n, channels), float in -1 to 1 or int16. The first `clip_ms` are kept,
    a shorter sound is followed by silence. Raises ValueError for what is no sound and
    FileNotFoundError for a path that is not there.
    """
    import soxr

    samples, rate_hz = _decode(source, spec.clip_ms + MARGIN_MS)
    if rate_hz not in RATES_HZ:
        raise ValueError(f"audio: a sample rate of {rate_hz} Hz; wanted 1,000 to 768,000")
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    mono = mono[: rate_hz * (spec.clip_ms + MARGIN_MS) // 1_000 + 1]
    if rate_hz != spec.rate_hz:
        mono = soxr.resample(np.ascontiguousarray(mono), rate_hz, spec.rate_hz)
    clip = np.zeros(spec.shape, np.float32)
    mono = mono[: spec.samples]
    clip[: len(mono)] = mono
    return clip


def _decode(source: Any, wanted_ms: int) -> tuple[np.ndarray, int]:
    import soundfile

    if isinstance(source, tuple) and len(source) == 2:
        return _checked(*source)
    if isinstance(source, (str, os.PathLike)):
        if not os.path.isfile(source):
            raise FileNotFoundError(f"audio: no file {os.fspath(source)!r}")
        content: Any = os.fspath(source)
        what = repr(content)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        content = io.BytesIO(source)
        what = f"{len(source)} bytes"
    else:
        raise ValueError(
            "audio: wanted a path, bytes or (samples, rate_hz), "
            f"received {type(source).__name__}; an array alone does not say its rate"
        )
    try:
        with soundfile.SoundFile(content) as sound:
            rate_hz = sound.samplerate
            samples = sound.read(rate_hz * wanted_ms // 1_000 + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise ValueError(
            f"audio: {what} is no sound; wanted WAV, FLAC, OGG or MP3 ({error})"
        ) from error
    if len(samples) == 0:
        raise ValueError(f"audio: {what} holds no samples")
    return samples, rate_hz


def _checked(samples: Any, rate_hz: Any) -> tuple[np.ndarray, int]:
    samples = np.asarray(samples)
    if samples.ndim not in (1, 2) or len(samples) == 0:
        raise ValueError(f"audio: wanted samples (n,) or (n, channels), received {samples.shape}")
    if samples.dtype == np.int16:
        samples = samples.astype(np.float32) / 32_768
    if not np.issubdtype(samples.dtype, np.floating):
        raise ValueError(f"audio: wanted float or int16 samples, received {samples.dtype}")
    if not np.isfinite(samples).all():
        raise ValueError("audio: the samples hold NaN or infinity")
    return samples.astype(np.float32), int(rate_hz)
