"""Which kind of input a file is: by its name, or by how it begins."""

from __future__ import annotations

import os

# AIFF is a sound that no loader opens; unknown here, a column of such files would pass for texts,
# while so each row says what is wanted instead.
SUFFIXES: dict[str, tuple[str, ...]] = {  # kind -> what its files are called
    "image": (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".ppm", ".webp", ".tif", ".tiff"),
    "audio": (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif"),
    "video": (".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg"),
    "sensor": (".npy", ".csv"),
}
BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (  # bytes, kind, suffix
    (b"\x89PNG\r\n", "image", ".png"),
    (b"\xff\xd8\xff", "image", ".jpg"),
    (b"GIF8", "image", ".gif"),
    (b"BM", "image", ".bmp"),
    (b"II*\x00", "image", ".tif"),
    (b"MM\x00*", "image", ".tif"),
    (b"fLaC", "audio", ".flac"),
    (b"OggS", "audio", ".ogg"),
    (b"ID3", "audio", ".mp3"),
    (b"\xff\xfb", "audio", ".mp3"),
    (b"FORM", "audio", ".aiff"),
    (b"\x1aE\xdf\xa3", "video", ".mkv"),
    (b"\x93NUMPY", "sensor", ".npy"),
)
RIFF = {b"WAVE": ("audio", ".wav"), b"WEBP": ("image", ".webp"), b"AVI ": ("video", ".avi")}


def kind_of_name(name: str) -> str | None:
    """The kind of a file called so; None: not known.

    >>> kind_of_name("a/cat.JPG"), kind_of_name("A cat."), kind_of_name("3.5")
    ('image', None, None)
    """
    suffix = os.path.splitext(name)[1].lower()
    return next((kind for kind, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def kind_of_content(begin: bytes) -> tuple[str, str] | None:
    """Kind and suffix of a file that begins so, by at least 12 bytes; None: not known."""
    if begin.startswith(b"RIFF"):
        return RIFF.get(begin[8:12])
    if begin[4:8] == b"ftyp":
        return "video", ".mp4"
    return next(
        ((kind, suffix) for magic, kind, suffix in BEGINNINGS if begin.startswith(magic)), None
    )
