"""Cameras and microphones, by what is installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import queue
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmkeras_edge.streaming.source import Source, at_rate
from mmkeras_edge.video import upright

RATE_HZ = 16_000  # what speech models hear; a microphone that has another one is asked for its own
BLOCK_S = 0.1
QUEUED = 50  # blocks of a microphone that wait: 5 s, then the oldest are dropped


def camera(device: int | str = 0, fps: float | None = None, backend: str | None = None) -> Source:
    """Frames of a camera, uint8 RGB (h, w, 3), by the first of `CAMERAS` that is installed.

    `device` is its number or path. Raises ImportError where none is installed and ValueError for
    an unknown `backend`; a camera that is not there is found out when the stream opens it, and
    again and again, because it may come back.
    """
    from mmkeras_edge.inputs import pick

    if backend is None:
        backend = next((n for n, (module, _, _) in CAMERAS.items() if _installed(module)), None)
    if backend is None:
        ways = ", or ".join(f"{cure} ({name})" for name, (_, cure, _) in CAMERAS.items())
        raise ImportError(f"no way to a camera is installed: {ways}")
    module, cure, frames = pick(CAMERAS, backend, "camera backend")
    if not _installed(module):
        raise ImportError(f"camera: {backend} is not installed: {cure}")
    period_s = None if fps is None else 1 / fps
    return Source(lambda: at_rate(frames(device), period_s), f"camera {device}", live=True)


def microphone(device: int | str | None = None, rate_hz: int = RATE_HZ) -> Source:
    """Sound of a microphone, float32 (n, 1), a tenth of a second at a time, by sounddevice.

    Raises ImportError where sounddevice or PortAudio is missing.
    """
    try:
        sounddevice: Any = importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:  # OSError: PortAudio's library is not there
        raise ImportError(
            "microphone: it wants sounddevice and PortAudio: pip install sounddevice, and on "
            f"Linux apt install libportaudio2 ({error})"
        ) from error

    def blocks() -> Iterator[np.ndarray]:
        waiting: queue.Queue[np.ndarray] = queue.Queue()

        def came(block: np.ndarray, count: int, when: Any, status: Any) -> None:
            if waiting.qsize() >= QUEUED:
                waiting.get_nowait()
            waiting.put(block.copy())  # PortAudio writes into it again

        size = round(rate_hz * BLOCK_S)
        stream = sounddevice.InputStream(rate_hz, size, device, 1, dtype="float32", callback=came)
        with stream:
            while stream.active:
                try:
                    yield waiting.get(timeout=1.0)
                except queue.Empty:
                    continue
        raise OSError("the microphone stopped")

    called = "the default microphone" if device is None else f"microphone {device}"
    return Source(blocks, called, live=True, rate_hz=rate_hz)


def _opencv(device: int | str) -> Iterator[np.ndarray]:
    cv2: Any = importlib.import_module("cv2")
    capture = cv2.VideoCapture(device)
    try:
        if not capture.isOpened():
            raise OSError(f"camera {device} cannot be opened")
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # else a slow model sees the past
        while True:
            there, frame = capture.read()
            if not there:
                raise OSError(f"camera {device} gives no frame")
            yield np.ascontiguousarray(frame[:, :, ::-1])  # BGR
    finally:
        capture.release()


def _picamera(device: int | str) -> Iterator[np.ndarray]:
    picamera2: Any = importlib.import_module("picamera2")
    pi = picamera2.Picamera2(int(device))
    try:
        # libcamera calls the order by the least significant byte: its BGR888 is RGB in memory.
        pi.configure(pi.create_video_configuration({"size": (640, 480), "format": "BGR888"}))
        pi.start()
        while True:
            yield pi.capture_array("main")
    finally:
        pi.close()


def _v4l2(device: int | str) -> Iterator[np.ndarray]:
    path = f"/dev/video{device}" if isinstance(device, int) or device.isdigit() else device
    if not os.path.exists(path):
        raise OSError(f"there is no {path}")
    yield from av_frames(path, "v4l2")


def av_frames(path: str, form: str | None, paced: bool = False) -> Iterator[np.ndarray]:
    """RGB frames of a film, or of a device of that format, by PyAV; `paced` as fast as filmed."""
    import av

    with av.open(path, format=form) as film:
        if not film.streams.video:
            raise ValueError(f"{path!r} holds no pictures")
        stream = film.streams.video[0]
        rate = stream.average_rate or stream.guessed_rate
        shown = (
            upright(frame.to_ndarray(format="rgb24"), frame.rotation)
            for frame in film.decode(stream)
        )
        yield from at_rate(shown, float(1 / rate) if paced and rate else None)


def need_pyav(what: str) -> None:
    if not _installed("av"):
        raise ImportError(f"{what} wants PyAV: pip install 'mmkeras[video]'")


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


# name -> module, how to have it, frames of a device; the Pi's own camera has no other way
CAMERAS: dict[str, tuple[str, str, Callable[[int | str], Iterator[np.ndarray]]]] = {
    "picamera2": ("picamera2", "apt install python3-picamera2 on a Pi", _picamera),
    "opencv": ("cv2", "pip install opencv-python-headless", _opencv),
    "v4l2": ("av", "pip install 'mmkeras[video]' on Linux", _v4l2),
}
