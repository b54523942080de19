"""A film from anywhere to the frames that the graph takes."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from mmkeras_edge.image import FORMATS, LIMIT_PIXELS, is_ready, load_image
from mmkeras_edge.specs import VideoSpec

if TYPE_CHECKING:
    from av.container import InputContainer
    from PIL import Image

LIMIT_FRAMES = 20_000  # of a film; every one is decoded, and a longer one refused
LIMIT_BYTES = 512 << 20  # of a .npy of frames
NUMPY = b"\x93NUMPY"  # how a .npy file begins
ANIMATIONS = (b"GIF8", b"RIFF", b"\x89PNG")  # what Pillow reads; RIFF is WebP or AVI
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ppm", ".webp", ".tif", ".tiff")
CURE = "pip install 'mmkeras[video]'"
# A playlist, or a list of parts, names other files and addresses, which FFmpeg would open: films
# alone are taken, and nothing but their own bytes is read.
CLOSED = {
    "format_whitelist": "mov,matroska,avi,mpeg,mpegts,mpegvideo,h264,hevc,mjpeg,flv,ogg,asf",
    "protocol_whitelist": "none",
}

VideoSource = Union[str, "os.PathLike[str]", bytes, np.ndarray, "Sequence[Any]"]


def load_video(source: VideoSource, spec: VideoSpec) -> np.ndarray:
    """A film to uint8 RGB, (frames, height_px, width_px, 3): frames spread evenly over all of it.

    A source is an array (n, h, w, 3), uint8, a list of pictures (anything `load_image` takes), a
    folder of pictures in the order of their names, the path or content of an animated GIF, WebP or
    PNG or of a .npy, or, where PyAV is installed, of an MP4 or any other film. Only the frames that
    are taken are held. Raises ValueError for what is no film, FileNotFoundError for a path that is
    not there, ImportError where a film wants PyAV.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, spec)
    if isinstance(source, (list, tuple)):
        return _from_pictures(source, spec)
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        if os.path.isdir(path):
            return _from_pictures(_pictures(path), spec)
        if not os.path.isfile(path):
            raise FileNotFoundError(f"video: no file {path!r}")
        with open(path, "rb") as file:
            return _from_file(file, repr(path), spec)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_file(io.BytesIO(source), f"{len(source)} bytes", spec)
    raise ValueError(
        "video: wanted a path, a folder, bytes, a uint8 array or a list of pictures, received "
        f"{type(source).__name__}"
    )


def spread(frames: int, count: int) -> list[int]:
    """Which of `count` frames are taken: the middle of each of `frames` equal parts.

    >>> spread(4, 8), spread(3, 2)
    ([1, 3, 5, 7], [0, 1, 1])
    """
    return [(2 * part + 1) * count // (2 * frames) for part in range(frames)]


def needs_pyav(content: bytes) -> bool:
    """Whether what begins so is a film that only PyAV reads."""
    return not content.startswith(NUMPY) and not _is_animation(content)


def _from_array(array: np.ndarray, spec: VideoSpec) -> np.ndarray:
    if array.ndim != 4 or array.shape[3] != 3 or array.dtype != np.uint8 or not array.size:
        raise ValueError(
            f"video: wanted a uint8 array (n, h, w, 3), received {array.dtype} {array.shape}"
        )
    if is_ready(array, spec.shape):
        return array
    return np.stack([load_image(array[i], spec.frame) for i in spread(spec.frames, len(array))])


def _from_pictures(pictures: Sequence[Any], spec: VideoSpec) -> np.ndarray:
    if not pictures:
        raise ValueError("video: wanted pictures, received none")
    try:
        chosen = spread(spec.frames, len(pictures))
        loaded = {i: load_image(pictures[i], spec.frame) for i in dict.fromkeys(chosen)}
    except ValueError as error:
        raise ValueError(f"video: {error}") from error
    return np.stack([loaded[i] for i in chosen])


def _pictures(folder: str) -> list[str]:
    names = sorted(name for name in os.listdir(folder) if name.lower().endswith(PICTURES))
    if not names:
        raise ValueError(f"video: the folder {folder!r} holds no picture")
    return [os.path.join(folder, name) for name in names]


def _from_file(file: Any, what: str, spec: VideoSpec) -> np.ndarray:
    begin = file.read(16)
    file.seek(0)
    if begin.startswith(NUMPY):
        return _from_array(_numpy(file, what), spec)
    frames = _animation if _is_animation(begin) else _film
    count, pictures = frames(file, what)
    wanted = spread(spec.frames, count)
    taken: dict[int, np.ndarray] = {}
    for i, picture in pictures(set(wanted)):
        taken[i] = load_image(picture, spec.frame)
    if len(taken) < len(set(wanted)):  # a file that is cut short
        raise ValueError(f"video: {what} is damaged: {len(taken)} frames of {len(set(wanted))}")
    return np.stack([taken[i] for i in wanted])


def _is_animation(begin: bytes) -> bool:
    return begin.startswith(ANIMATIONS) and not (begin[:4] == b"RIFF" and begin[8:11] == b"AVI")


def _numpy(file: Any, what: str) -> np.ndarray:
    try:
        if file.seek(0, os.SEEK_END) > LIMIT_BYTES:
            raise ValueError(f"more than {LIMIT_BYTES:,} bytes")
        file.seek(0)
        return np.load(file, allow_pickle=False)
    except (ValueError, EOFError, MemoryError) as error:
        raise ValueError(f"video: {what} is no .npy of frames: {error}") from error


def _animation(file: Any, what: str):
    """How many frames, and a function from the wanted ones to (number, PIL image) in order."""
    from PIL import Image

    with _decoding(what):
        moving = Image.open(file, formats=FORMATS)
        count = getattr(moving, "n_frames", 1)
        _check_size(moving.width, moving.height, count, what)

    def pictures(wanted: set[int]) -> Iterator[tuple[int, Image.Image]]:
        for i in sorted(wanted):
            with _decoding(what):
                moving.seek(i)
                picture = moving.copy()
            yield i, picture

    return count, pictures


def _film(file: Any, what: str):
    """The same of a film: frames are counted by their packets, without decoding them."""
    try:
        import av
    except ImportError as error:
        raise ImportError(
            f"video: {what} is no GIF, WebP, PNG or .npy; other films want PyAV: {CURE}"
        ) from error

    with _decoding(what), av.open(file, options=CLOSED) as film:
        count = sum(1 for packet in film.demux(_stream(film, what)) if packet.size)
    file.seek(0)

    def pictures(wanted: set[int]) -> Iterator[tuple[int, np.ndarray]]:
        with _decoding(what), av.open(file, options=CLOSED) as film:
            stream = _stream(film, what)
            _check_size(stream.width, stream.height, count, what)
            stream.thread_type = "AUTO"
            for i, frame in enumerate(film.decode(stream)):
                if i in wanted:
                    yield i, upright(frame.to_ndarray(format="rgb24"), frame.rotation)
                if i >= max(wanted):
                    return

    return count, pictures


def _stream(film: InputContainer, what: str) -> Any:
    if not film.streams.video:
        raise ValueError(f"video: {what} holds sound alone")
    return film.streams.video[0]


def upright(frame: np.ndarray, degrees: int) -> np.ndarray:
    """A frame (h, w, 3) as it was meant to be seen, turned counterclockwise by a multiple of 90:
    telephones film on their side and note the angle."""
    return np.ascontiguousarray(np.rot90(frame, round(degrees / 90)))


def _check_size(width: int, height: int, count: int, what: str) -> None:
    if width * height > LIMIT_PIXELS or count > LIMIT_FRAMES:
        raise ValueError(
            f"video: {what} is too large: {width} x {height} pixels, {count:,} frames; the limits "
            f"are {LIMIT_PIXELS:,} and {LIMIT_FRAMES:,}; make it smaller or cut it"
        )
    if not count:
        raise ValueError(f"video: {what} holds no frame")


@contextmanager
def _decoding(what: str) -> Iterator[None]:
    """What a decoder raises, as a ValueError."""
    try:
        yield
    except (ValueError, ImportError) as error:
        if str(error).startswith(("video: ", "image: ")):
            raise
        raise ValueError(f"video: {what} is no film: {error}") from error
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise ValueError(f"video: {what} is no film, or damaged: {error}") from error
