"""A made-up stand-in for the stamps: the same columns, any number of rows, no download.

A picture of a coloured shape, a caption in English and a tune of three notes. The category is the
shape; a third of the pictures hide it behind a blot and another third of the captions do not name
it, never both, so that picture or caption alone reach 2/3 + 1/3 * 1/9 = 0.70 and both reach 1.
What the stamps call language is here one of six instruments, `tone_a` to `tone_f`.
"""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path

import numpy as np

from mmkeras.datasets.stamps import replace_file, write_manifest

IMAGE_PX = 64
RATE_HZ = 16_000
NOTES, NOTE_MS = 3, 200
KINDS = ("clear", "blotted", "vague")  # neither, the picture, the caption hides the shape
SILENT_EVERY = 30  # one row in so many has no speech
COLOURS = {
    "red": (205, 45, 40),
    "green": (45, 150, 60),
    "blue": (45, 80, 200),
    "yellow": (235, 205, 50),
    "purple": (130, 60, 160),
    "brown": (125, 80, 45),
}
NAMING = (
    "A {colour} {shape}.",
    "This is a {shape}, painted {colour}.",
    "Somebody drew a {shape} in {colour}.",
    "You see a {colour} {shape} here.",
)
VAGUE = (
    "Something {colour}.",
    "This is painted {colour}.",
    "Somebody drew this in {colour}.",
    "You see a {colour} thing here.",
)
TONES = {  # instrument -> pitch of its lowest note in Hz, weights of its harmonics
    "tone_a": (220, (1.0,)),
    "tone_b": (220, (1.0, 0.7, 0.5, 0.3)),
    "tone_c": (330, (1.0,)),
    "tone_d": (330, (1.0, 0.7, 0.5, 0.3)),
    "tone_e": (500, (1.0,)),
    "tone_f": (500, (1.0, 0.7, 0.5, 0.3)),
}


def _outline(corners: int, inner: float = 1.0) -> np.ndarray:
    """A regular outline from the top, every second corner at radius `inner`, (corners, 2)."""
    angle = 2 * np.pi * np.arange(corners) / corners
    radius = np.where(np.arange(corners) % 2, inner, 1.0)
    return np.stack([radius * np.sin(angle), -radius * np.cos(angle)], axis=1)


_SQUARE = np.array([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)])
_CROSS = np.array([(-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3)])
SHAPES = {  # category -> outline and hole, (corners, 2), x to the right and y down in -1 to 1
    "circle": (_outline(48), None),
    "ring": (_outline(48), 0.55 * _outline(48)),
    "crescent": (_outline(48), 0.8 * _outline(48) + (0.45, 0)),
    "square": (_SQUARE, None),
    "diamond": (_outline(4) * (0.6, 1), None),
    "triangle": (_outline(3), None),
    "pentagon": (_outline(5), None),
    "star": (_outline(10, inner=0.4), None),
    "cross": (np.concatenate([_CROSS, -_CROSS]), None),
}


def build(folder: str | os.PathLike[str], rows: int = 240, seed: int = 0) -> Path:
    """Writes `folder`/synthetic.csv with its files and returns its path.

    Rows 0 and 1, then 2 to 4, 5 and 6, 7 to 9, ... are one thing seen again: one shape, colour and
    `group`. One row in `SILENT_EVERY` has an empty speech cell; its language cell is filled all the
    same. The same `rows` and `seed` give the same bytes.
    Raises ValueError for less than one row.
    """
    if rows < 1:
        raise ValueError(f"wanted at least one row, received rows={rows}")
    folder = Path(folder).absolute()
    deal = np.random.default_rng(seed)
    groups = [2 * (row // 5) + (row % 5 > 1) for row in range(rows)]
    shapes = _dealt(list(SHAPES), groups[-1] + 1, deal)
    colours = deal.choice(list(COLOURS), groups[-1] + 1)
    kinds, tones = _dealt(list(KINDS), rows, deal), _dealt(list(TONES), rows, deal)
    silent = _dealt([True] + [False] * (SILENT_EVERY - 1), rows, deal)
    table = []
    for row, group in enumerate(groups):
        rng = np.random.default_rng((seed, row))
        shape, colour = shapes[group], str(colours[group])
        image, content = _encoded(row, picture(shape, colour, kinds[row] == "blotted", rng))
        replace_file(folder / image, content)
        speech = None if silent[row] else folder / f"speech/{row:05d}.wav"
        if speech:
            replace_file(speech, _wav(tune(tones[row], rng)))
        wording = str(rng.choice(VAGUE if kinds[row] == "vague" else NAMING))
        caption = wording.format(shape=shape, colour=colour)
        table.append((folder / image, caption, speech, shape, tones[row], group))
    return write_manifest(folder / "synthetic.csv", table)


def picture(shape: str, colour: str, blotted: bool, rng: np.random.Generator) -> np.ndarray:
    """One shape, turned by at most 12 degrees, on a noisy grey ground, uint8 RGBA, (64, 64, 4).

    Alpha is 255 on the shape and 0 on the ground. A blot has no trace of the shape.
    """
    radius_px = rng.uniform(16, 24)
    centre_px = IMAGE_PX / 2 + rng.uniform(-6, 6, 2)
    turn = np.deg2rad(rng.uniform(-12, 12))
    cover = _blot(centre_px, radius_px) if blotted else _drawn(shape, centre_px, radius_px, turn)
    ground = np.full(3, rng.uniform(90, 240))
    paint = np.array(COLOURS[colour]) + rng.uniform(-20, 20, 3)
    pixels = ground + cover[..., None] * (paint - ground)  # (64, 64, 3)
    pixels += rng.normal(0, 25, pixels.shape)
    return np.dstack([pixels, 255 * cover]).clip(0, 255).astype(np.uint8)


def tune(tone: str, rng: np.random.Generator) -> np.ndarray:
    """Three notes on one instrument, slightly out of tune, int16 mono at 16 kHz, (9600,)."""
    pitch_hz, weights = TONES[tone]
    steps = rng.choice([0, 2, 4], NOTES)  # semitones above the lowest note
    notes_hz = pitch_hz * rng.uniform(0.98, 1.02) * 2.0 ** (steps / 12)
    time_s = np.arange(RATE_HZ * NOTE_MS // 1_000) / RATE_HZ  # (3200,)
    phase = 2 * np.pi * notes_hz[:, None] * time_s  # (3, 3200)
    wave_form = sum(w * np.sin(k * phase) for k, w in enumerate(weights, start=1))
    loudness = rng.uniform(0.1, 0.3) * np.sin(np.pi * np.linspace(0, 1, len(time_s)))
    samples = (loudness * wave_form).ravel() + rng.normal(0, 0.005, NOTES * len(time_s))
    return (32_767 * samples).clip(-32_768, 32_767).astype(np.int16)


def _dealt(options: list, count: int, rng: np.random.Generator) -> list:
    """`count` options in random order, each as often as any other but for one."""
    return [options[index % len(options)] for index in rng.permutation(count)]


def _drawn(shape: str, centre_px: np.ndarray, radius_px: float, turn: float) -> np.ndarray:
    from PIL import Image, ImageDraw

    mask = Image.new("L", (IMAGE_PX, IMAGE_PX))
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for corners, value in zip(SHAPES[shape], (255, 0), strict=True):
        if corners is not None:
            corners_px = centre_px + radius_px * corners @ turned
            ImageDraw.Draw(mask).polygon([tuple(corner) for corner in corners_px], fill=value)
    return np.asarray(mask) / 255


def _blot(centre_px: np.ndarray, radius_px: float) -> np.ndarray:
    y, x = np.mgrid[:IMAGE_PX, :IMAGE_PX] - centre_px[::-1, None, None]
    return np.exp(-(x**2 + y**2) / radius_px**2)


def _encoded(row: int, pixels: np.ndarray) -> tuple[str, bytes]:
    """A file name and its content: of eight rows one is JPEG, one RGBA and six are RGB."""
    from PIL import Image

    content = io.BytesIO()
    if row % 8 == 3:
        Image.fromarray(pixels[..., :3]).save(content, "JPEG", quality=90)
        return f"images/{row:05d}.jpg", content.getvalue()
    Image.fromarray(pixels if row % 8 == 6 else pixels[..., :3]).save(content, "PNG")
    return f"images/{row:05d}.png", content.getvalue()


def _wav(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)  # bytes
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.astype("<i2").tobytes())
    return content.getvalue()
