"""Files of every kind of damage: each gives the finding of its name, and no exception."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras import load_manifest
from mmkeras.quality import check
from mmkeras.quality.probe import probe


def noise(shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def rgb(side: int = 64) -> Image.Image:
    return Image.fromarray(noise((side, side, 3)))


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(rgb(), "JPEG", exif=exif)


def animated() -> bytes:
    frames = [Image.fromarray(noise((40, 40), seed)) for seed in range(3)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that says it is so large."""

    def chunk(name: bytes, content: bytes) -> bytes:
        crc = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


def sound(count: int, rate_hz: int = 8_000, channels: int = 1, **options) -> bytes:
    content = io.BytesIO()
    wave = np.random.default_rng(0).normal(0, 0.1, (count, channels))
    soundfile.write(content, wave, rate_hz, **{"format": "WAV", **options})
    return content.getvalue()


WRONG = {  # name -> content and the finding
    "truncated.jpg": (saved(rgb(), "JPEG")[:900], "truncated"),
    "truncated.png": (saved(rgb(), "PNG")[:900], "truncated"),
    "header.png": (saved(rgb(), "PNG")[:20], "truncated"),
    "zero.png": (b"", "empty_file"),
    "zero.wav": (b"", "empty_file"),
    "text.png": (b"this is a text\n" * 9, "wrong_content"),
    "text.wav": (b"this is a text\n" * 9, "wrong_content"),
    "sound.png": (sound(800), "wrong_content"),
    "picture.wav": (saved(rgb(), "PNG"), "wrong_content"),
    "empty.wav": (sound(0), "no_samples"),
    "truncated.wav": (sound(8_000)[:9_000], "truncated"),
    "truncated.flac": (sound(80_000, format="FLAC")[:60_000], "truncated"),
    "bomb.png": (bomb(9_000), "too_large"),
    "big_bomb.png": (bomb(60_000), "too_large"),
    "zero.csv": (b"", "empty_file"),
    "header.csv": (b"time,x\n", "no_samples"),
}
NOTED = {  # name -> content and the note
    "cmyk.jpg": (saved(rgb().convert("CMYK"), "JPEG"), "cmyk"),
    "deep.png": (saved(Image.fromarray(noise((64, 64)) * np.uint16(257)), "PNG"), "deep_colour"),
    "turned.jpg": (turned(), "turned"),
    "animated.gif": (animated(), "animated"),
    "clear.png": (saved(Image.fromarray(noise((64, 64, 4))), "PNG"), "transparent"),
    "tiny.png": (saved(rgb(8), "PNG"), "tiny"),
    "black.png": (saved(Image.new("RGB", (64, 64)), "PNG"), "blank"),
    "surround.wav": (sound(19_200, 192_000, 8), "many_channels"),
    "fast.wav": (sound(19_200, 192_000, 8), "high_rate"),
    "flat.csv": (b"1,2\n" * 9, "flat"),
}  # fmt: skip
KINDS = {".wav": "audio", ".flac": "audio", ".csv": "sensor"}


def facts_of(folder: Path, name: str, content: bytes):
    (folder / name).write_bytes(content)
    return probe(KINDS.get((folder / name).suffix, "image"), str(folder / name))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_named(tmp_path, name):
    content, wanted = WRONG[name]
    found = facts_of(tmp_path, name, content)
    assert found.wrong is not None
    assert (found.wrong[0], str(tmp_path / name) in found.wrong[1]) == (wanted, True)


@pytest.mark.parametrize("name", NOTED)
def test_what_is_unusual_about_a_file_is_noted_and_it_is_read(tmp_path, name):
    content, wanted = NOTED[name]
    found = facts_of(tmp_path, name, content)
    assert found.wrong is None
    assert wanted in found.notes


@pytest.mark.parametrize("seed", range(30))
def test_bytes_that_were_changed_at_random_are_named_too(tmp_path, seed):
    random = np.random.default_rng(seed)
    for kind, name, content in (
        ("image", "a.png", saved(rgb(), "PNG")),
        ("image", "a.jpg", saved(rgb(), "JPEG")),
        ("image", "a.gif", animated()),
        ("audio", "a.wav", sound(800)),
        ("audio", "a.flac", sound(800, format="FLAC")),
        ("sensor", "a.csv", b"1,2\n3,4\n" * 20),
    ):
        spoiled = np.frombuffer(content, np.uint8).copy()
        at = random.integers(0, len(spoiled), 20)
        spoiled[at] = random.integers(0, 256, 20)
        found = facts_of(tmp_path, name, spoiled[: random.integers(1, len(spoiled) + 1)].tobytes())
        assert found.wrong is None or found.wrong[0] in (
            "truncated", "wrong_content", "unreadable", "too_large", "no_samples",
        ), kind  # fmt: skip


def test_silence_is_silent_and_noise_is_not(tmp_path):
    content = io.BytesIO()
    soundfile.write(content, np.zeros(8_000), 8_000, format="WAV")
    assert facts_of(tmp_path, "a.wav", content.getvalue()).notes == ("silent",)
    assert facts_of(tmp_path, "b.wav", sound(8_000)).notes == ()


def test_a_manifest_of_them_names_each_with_its_line(tmp_path):
    pictures = {n: of for n, of in (WRONG | NOTED).items() if KINDS.get(Path(n).suffix) is None}
    lines = ["picture,label"]
    for name, (content, _) in pictures.items():
        (tmp_path / name).write_bytes(content)
        lines.append(f"{name},a")
    (tmp_path / "m.csv").write_text("\n".join(lines) + "\n")
    found = check(load_manifest(tmp_path / "m.csv", "picture", targets={"label": "classify"}))
    for line, (name, (_, wanted)) in enumerate(pictures.items(), start=2):
        lines_of = [line for of in found.findings if of.name == wanted for line in of.lines]
        assert line in lines_of, name
    assert found.usable == sum(name in NOTED for name in pictures)
    assert not found.passed
    assert "truncated" in str(found)
