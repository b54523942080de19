"""Basic motions: standing, running, walking and badminton, told by a smart watch. Real readings.

Source: BasicMotions of the UEA archive (Bagnall et al., "The UEA multivariate time series
classification archive, 2018", arXiv:1811.00075), which the Python package `aeon` 1.6.0 (BSD-3)
ships as text. `pip install --no-deps aeon==1.6.0` fetches it: nothing of its code is used, so none
of what it depends on is needed. Four students, five recordings each of every activity; 80
recordings of ten seconds, 40 of them for testing; who made which is not told.
"""

from __future__ import annotations

import csv
import importlib.metadata
import io
import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmkeras.datasets.stamps import replace_file

PACKAGE = "aeon"
FILES = {part: f"BasicMotions/BasicMotions_{part.upper()}.ts" for part in ("train", "test")}
CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")  # accelerometer, gyroscope; units are not told
RATE_HZ = 10
VALID_EVERY = 5  # of the training recordings of an activity one in so many is for validation
COLUMNS = {  # for load_manifest(build(folder), **COLUMNS)
    "sensors": {"watch": "watch"},
    "targets": {"activity": "classify"},
}


class Case(NamedTuple):
    """One recording and its label."""

    channels: np.ndarray  # (channels, steps)
    label: str


def find_basic_motions() -> Path | None:
    """The folder that holds BasicMotions/, or None: $MMKERAS_BASIC_MOTIONS, else in `aeon`."""
    chosen = os.environ.get("MMKERAS_BASIC_MOTIONS")
    if chosen:
        return Path(chosen).absolute() if (Path(chosen) / FILES["train"]).is_file() else None
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if str(file).endswith(FILES["train"]))
    return next((path.parent.parent for path in found if path.is_file()), None)


def build(folder: str | os.PathLike[str], root: Path | str | None = None) -> Path:
    """Writes `folder`/motions.csv with a CSV for each recording, and returns its path.

    Columns `watch`, `activity` and `split`; the archive's test half is the test split, and every
    fifth training recording of an activity is for validation. `root` is the folder that holds
    BasicMotions/, by default `find_basic_motions()`.
    Raises FileNotFoundError where there is none and ValueError for a damaged file.
    """
    root = Path(root) if root else find_basic_motions()
    if root is None or not (root / FILES["train"]).is_file():
        raise FileNotFoundError(
            f"no {FILES['train']} in {root or 'an installed aeon'}; run `make install`, or `pip "
            "install --no-deps aeon==1.6.0`, or name its folder in MMKERAS_BASIC_MOTIONS"
        )
    folder = Path(folder).absolute()
    rows = [("watch", "activity", "split")]
    for part, name in FILES.items():
        seen: Counter[str] = Counter()
        for number, case in enumerate(read_ts(root / name)):
            if len(case.channels) != len(CHANNELS):
                raise ValueError(
                    f"{root / name}: recording {number} has {len(case.channels)} channels, wanted "
                    f"{len(CHANNELS)}"
                )
            seen[case.label] += 1
            held_out = part == "train" and seen[case.label] % VALID_EVERY == 0
            file = f"watch/{part}-{number:02d}.csv"
            replace_file(folder / file, _recording(case.channels))
            rows.append((file, case.label.lower(), "valid" if held_out else part))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return replace_file(folder / "motions.csv", text.getvalue().encode())


def read_ts(path: Path) -> list[Case]:
    """The cases of a .ts file: channels of equal length and a class label, no time stamps.

    A header of `@key value` lines ends with `@data`; a case is a line, its channels are separated
    by colons, the readings by commas, "?" is a gap (NaN), and the label stands last. Raises
    ValueError with file and line.
    """
    cases, in_data = [], False
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith(("#", "%")):
            continue
        if not in_data:
            in_data = line.lower() == "@data"
            if line.lower().split() == ["@timestamps", "true"]:
                raise ValueError(f"{path}:{number}: readings with time stamps cannot be read")
            continue
        *channels, label = line.split(":")
        try:
            rows = [[_reading(cell) for cell in channel.split(",")] for channel in channels]
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error
        if not label or not rows or len({*map(len, rows)}) != 1:
            raise ValueError(f"{path}:{number}: wanted channels of equal length and a label")
        cases.append(Case(np.array(rows), label.strip()))
    if not cases:
        raise ValueError(f"{path}: no cases after a line @data")
    return cases


def _reading(cell: str) -> float:
    return float("nan") if cell.strip() == "?" else float(cell)


def _recording(channels: np.ndarray) -> bytes:
    """A CSV with a header and times in seconds; a gap is an empty cell."""
    lines = [",".join(("t", *CHANNELS))]
    for step, readings in enumerate(channels.T):
        cells = ("" if np.isnan(value) else f"{value:.6f}" for value in readings)
        lines.append(",".join((f"{step / RATE_HZ:.1f}", *cells)))
    return ("\n".join(lines) + "\n").encode()
