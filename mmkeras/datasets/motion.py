"""Made-up gestures with a telephone in the hand: readings, who wears it, and a tiny film.

Six channels in their own units: acceleration in g, which gravity is part of, and turning in degrees
a second. A wave and a shake differ only in how fast they are for the one who makes them: with age
all gestures slow down to half, so that the readings alone cannot always tell them apart, and the
table of age, height and hand helps. A left hand moves the other way round.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmkeras.datasets.stamps import replace_file

GESTURES = ("wave", "shake", "circle", "tap", "turn")
CHANNELS = ("ax_g", "ay_g", "az_g", "gx_dps", "gy_dps", "gz_dps")
RECORDED_MS = 2_000
RATES_HZ = (50, 100, 60)  # of the telephones, in turn; the last one has an uneven clock
FILM_FRAMES, FILM_PX = 8, 24
GRAVITY_MPS2 = 9.81  # in a g
COLUMNS = {  # for load_manifest(build(folder), **COLUMNS)
    "sensors": {"imu": "imu"},
    "table": {"wearer": ("age", "height_cm", "hand")},
    "video": {"clip": "clip"},
    "targets": {"gesture": "classify"},
    "group": "wearer_id",
}
GAP_EVERY = 12  # one cell of the table in so many is empty


class Wearer(NamedTuple):
    """Who makes a gesture; None where the table does not say."""

    age: float
    height_cm: float
    hand: str

    @property
    def tempo(self) -> float:
        """1 at ten years, half of it at eighty."""
        return 1 - 0.5 * (self.age - 10) / 70


class Motion(NamedTuple):
    """A gesture over time: where the hand is and how it turns."""

    times_s: np.ndarray  # (n,)
    places_m: np.ndarray  # (n, 3)
    turning_dps: np.ndarray  # (n, 3)


def build(
    folder: str | os.PathLike[str], rows: int = 240, seed: int = 0, films: bool = True
) -> Path:
    """Writes `folder`/motion.csv with its files and returns its path.

    Columns `imu` (a CSV with times), `clip` (an animated GIF, only with `films`), `age`,
    `height_cm`, `hand`, `gesture` and `wearer_id`; a wearer makes four gestures in a row. The same
    arguments give the same bytes. Raises ValueError for less than one row.
    """
    if rows < 1:
        raise ValueError(f"wanted at least one row, received rows={rows}")
    folder = Path(folder).absolute()
    deal = np.random.default_rng(seed)
    gestures = [GESTURES[i % len(GESTURES)] for i in deal.permutation(rows)]
    wearers = [_wearer(deal) for _ in range(-(-rows // 4))]
    header = ["imu", *(["clip"] if films else []), *Wearer._fields, "gesture", "wearer_id"]
    table = [header]
    for row, gesture in enumerate(gestures):
        random = np.random.default_rng((seed, row))
        wearer = wearers[row // 4]
        moved = motion(gesture, wearer, RATES_HZ[row % len(RATES_HZ)], random)
        if row % len(RATES_HZ) == 2:
            moved = moved._replace(times_s=_jittered(moved.times_s, random))
        files = [f"imu/{row:05d}.csv"]
        replace_file(folder / files[0], _csv(moved, random))
        if films:
            files.append(f"clip/{row:05d}.gif")
            replace_file(folder / files[1], _gif(moved))
        known = [str(v) if random.integers(GAP_EVERY) else "" for v in wearer]
        table.append([*files, *known, gesture, str(row // 4)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    replace_file(folder / "motion.csv", text.getvalue().encode())
    return folder / "motion.csv"


def motion(gesture: str, wearer: Wearer, rate_hz: float, random: np.random.Generator) -> Motion:
    """One gesture of one wearer, two seconds long, from any moment of it on."""
    times_s = np.arange(RECORDED_MS * rate_hz // 1_000) / rate_hz
    phase = random.uniform(0, 2 * np.pi)
    tempo = wearer.tempo * random.uniform(0.93, 1.07)
    reach_m = 0.0006 * wearer.height_cm * random.uniform(0.8, 1.2)
    side = -1 if wearer.hand == "left" else 1
    places_m, turning = np.zeros((len(times_s), 3)), np.zeros((len(times_s), 3))
    swing = 2 * np.pi * times_s
    if gesture in ("wave", "shake"):
        pace_hz = tempo * (2.0 if gesture == "wave" else 3.2)
        places_m[:, 0] = side * reach_m * np.sin(pace_hz * swing + phase) / pace_hz
        turning[:, 2] = side * 90 * np.cos(pace_hz * swing + phase)
    elif gesture == "circle":
        places_m[:, 0] = side * reach_m * np.cos(1.5 * tempo * swing + phase)
        places_m[:, 1] = reach_m * np.sin(1.5 * tempo * swing + phase)
    elif gesture == "tap":
        beat = (1.5 * tempo * times_s + phase) % 1
        places_m[:, 2] = -0.5 * reach_m * np.exp(-(((beat - 0.5) / 0.08) ** 2))
    else:
        turning[:, 1] = side * 220 * tempo * np.sin(1.2 * tempo * swing + phase)
    return Motion(times_s, places_m, turning)


def _wearer(random: np.random.Generator) -> Wearer:
    age = int(random.integers(10, 81))
    height_cm = int(random.normal(172 if age > 16 else 100 + 4.5 * age, 7))
    return Wearer(age, height_cm, "left" if random.integers(4) == 0 else "right")


def _jittered(times_s: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As a telephone's clock gives them: a fifth of a step early or late."""
    step_s = times_s[1] - times_s[0]
    return 1_000 + times_s + step_s * random.uniform(-0.2, 0.2, len(times_s))


def _csv(moved: Motion, random: np.random.Generator) -> bytes:
    """What the sensor reads: acceleration with gravity, turning, both noisy."""
    step_s = np.diff(moved.times_s).mean()
    speed = np.gradient(moved.places_m, step_s, axis=0)
    felt_g = np.gradient(speed, step_s, axis=0) / GRAVITY_MPS2 + [0, 0, 1]
    felt_g += random.normal(0, 0.05, felt_g.shape)
    turning = moved.turning_dps + random.normal(0, 5, moved.turning_dps.shape)
    table = np.column_stack([moved.times_s, felt_g, turning])
    text = io.StringIO()
    header = ",".join(("t", *CHANNELS))
    formats = ["%.4f", *["%.3f"] * 3, *["%.1f"] * 3]
    np.savetxt(text, table, formats, ",", header=header, comments="")
    return text.getvalue().encode()


def _gif(moved: Motion) -> bytes:
    """A dot where the hand is and a line as it is turned, black on white."""
    from PIL import Image, ImageDraw

    step_s = moved.times_s[1] - moved.times_s[0]
    turned = np.deg2rad(np.cumsum(moved.turning_dps, axis=0) * step_s)
    frames = []
    for i in np.linspace(0, len(moved.times_s) - 1, FILM_FRAMES).astype(int):
        frame = Image.new("L", (FILM_PX, FILM_PX), 255)
        x, y = FILM_PX / 2 + 60 * moved.places_m[i, :2] + [0, 60 * moved.places_m[i, 2]]
        draw = ImageDraw.Draw(frame)
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), fill=0)
        angle = turned[i, 1] + turned[i, 2]
        draw.line((x, y, x + 9 * np.sin(angle), y - 9 * np.cos(angle)), fill=0)
        frames.append(frame)
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=250, loop=0)
    return content.getvalue()
