"""What a file will cost to decode, from its head, before anything is decoded."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

from mmkeras_edge.audio import is_sound
from mmkeras_edge.image import FORMATS
from mmkeras_edge.serving.limits import MB, Limits, RefusedError
from mmkeras_edge.specs import InputSpec
from mmkeras_edge.video import CLOSED, needs_pyav


def check_costs(sources: Mapping[str, Any], specs: Mapping[str, InputSpec], limits: Limits) -> None:
    """Raises RefusedError 413 for a picture, film, sound or text beyond the limits.

    What cannot be read is left to its loader, which says so.
    """
    for name, source in sources.items():
        check = CHECKS.get(specs[name].kind)
        for each in source if isinstance(source, list) else [source]:
            if check is not None:
                check(name, each, limits)


def _check_text(name: str, text: str, limits: Limits) -> None:
    if len(text) > limits.text_chars:
        raise _too_much(name, f"{len(text):,} characters", f"{limits.text_chars:,}")


def _check_image(name: str, content: bytes, limits: Limits) -> None:
    pixels, _ = _picture(content)
    if pixels > limits.image_mp * MB:
        raise _too_much(name, f"{pixels:,} pixels", f"{limits.image_mp * MB:,}")


def _check_video(name: str, content: bytes, limits: Limits) -> None:
    pixels, count = _film(content) if needs_pyav(content) else _picture(content, count=True)
    if pixels * count > limits.film_mp * MB:
        raise _too_much(name, f"{count:,} frames of {pixels:,} pixels", f"{limits.film_mp * MB:,}")


def _check_audio(name: str, content: bytes, limits: Limits) -> None:
    import soundfile

    if not is_sound(content[:4]):  # of libsndfile's 30 parsers a stranger reaches four
        return
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            length_s = sound.frames / max(sound.samplerate, 1)
    except (RuntimeError, TypeError):  # no sound; TypeError: taken for headerless raw samples
        return
    if length_s > limits.audio_s:
        raise _too_much(name, f"{length_s:,.0f} s", f"{limits.audio_s:,} s")


CHECKS: dict[str, Callable[[str, Any, Limits], None]] = {  # by kind; others cost what they weigh
    "text": _check_text,
    "image": _check_image,
    "video": _check_video,
    "audio": _check_audio,
}


def _picture(content: bytes, count: bool = False) -> tuple[int, int]:
    """Pixels of a frame, and on request how many frames; (0, 0) for what is no picture."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            frames = getattr(picture, "n_frames", 1) if count else 1
            return picture.width * picture.height, frames
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise RefusedError(413, "a picture far beyond any limit; make it smaller") from error
    except Exception:  # noqa: BLE001  a damaged head leads Pillow anywhere; the loader tells it
        return 0, 0


def _film(content: bytes) -> tuple[int, int]:
    """Likewise of a film that PyAV reads; frames as its head tells, else by rate and length."""
    try:
        import av
    except ImportError:  # the loader says what is missing
        return 0, 0
    try:
        with av.open(io.BytesIO(content), "r", options=CLOSED) as film:
            stream = film.streams.video[0]
            length_s = (film.duration or 0) / av.time_base
            count = stream.frames or length_s * float(stream.average_rate or 0)
            return stream.width * stream.height, int(count)
    except (av.FFmpegError, IndexError):
        return 0, 0


def _too_much(name: str, came: str, wanted: str) -> RefusedError:
    return RefusedError(413, f"input {name!r}: {came}, more than {wanted}; send less")
