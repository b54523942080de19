"""What the sources see, kept as a manifest that training reads."""

from __future__ import annotations

import csv
import os
import time
import wave
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras_edge.card import Card
from mmkeras_edge.image import decoded_image
from mmkeras_edge.specs import InputSpec
from mmkeras_edge.streaming.feeding import log
from mmkeras_edge.streaming.moment import Moment

MANIFEST = "manifest.csv"
TIME = "recorded"  # when, UTC
SAID = "{}_said"  # what the model said: a first label, for a person to correct
QUALITY = 95  # of JPEG: a tenth of a PNG's size


class Recorder:
    """Writes moments of a stream to a folder: files by input, and a row each in manifest.csv.

    A row holds what every source saw at one time, an empty cell an absent one, and what the model
    said of it. No more than a row each `every_s`, and none beyond `limit_mb` of the folder's own
    files. A folder that was begun is gone on with. Raises ValueError where its columns are others.

    >>> with Recorder("seen", stream.file.card, every_s=5) as recorder:  # doctest: +SKIP
    ...     for moment in stream:
    ...         recorder.add(moment)
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        card: Card,
        every_s: float = 1.0,
        limit_mb: float = 1_000,
    ):
        for name, value in (("every_s", every_s), ("limit_mb", limit_mb)):
            if not value >= 0:  # NaN too
                raise ValueError(f"{name}: wanted a number from 0 on, received {value!r}")
        self.folder, self.card = Path(folder), card
        self.every_s, self.limit_mb = every_s, limit_mb
        self.columns = _columns(card)
        if self.folder.is_file():
            raise ValueError(f"{os.fspath(folder)!r} is a file, wanted a folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / MANIFEST
        self.rows = _rows_in(path, self.columns)
        self._bytes = sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.DictWriter(self._file, self.columns)
        if not self._file.tell():
            self._writer.writeheader()
        self._last_s = -np.inf
        self._full = False

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def add(self, moment: Moment) -> bool:
        """Keeps a moment; False where it is too soon, nothing is there, or the folder is full."""
        if not moment.inputs or moment.time_s - self._last_s < self.every_s or self.full:
            return False
        self._last_s = moment.time_s
        row: dict[str, Any] = {TIME: datetime.now(timezone.utc).isoformat(timespec="milliseconds")}
        for name, raw in moment.inputs.items():
            spec = self.card.inputs[name]
            if spec.kind in KEPT:
                columns = _view_columns(name, spec)
                views = raw if len(columns) > 1 else [raw]
                row.update({c: self._kept(c, v, spec) for c, v in zip(columns, views, strict=True)})
            else:
                row.update(raw if isinstance(raw, Mapping) else {name: raw})
        row.update({SAID.format(name): said for name, said in moment.said.items()})
        self._writer.writerow({column: row.get(column, "") for column in self.columns})
        self._file.flush()
        os.fsync(self._file.fileno())  # the row is what says that its files are whole
        self.rows += 1
        return True

    @property
    def full(self) -> bool:
        if self._bytes >= self.limit_mb * 1e6 and not self._full:
            self._full = True
            log.warning("%s holds %g MB: nothing more is recorded", self.folder, self.limit_mb)
        return self._full

    def _kept(self, column: str, raw: Any, spec: InputSpec) -> str:
        """Writes a value to a file of its own and returns its path in the manifest."""
        suffix, write = KEPT[spec.kind]
        stamp = f"{time.time_ns() // 1_000_000}-{self.rows:07d}"  # never that of another session
        (self.folder / column).mkdir(exist_ok=True)
        path = self.folder / column / f"{stamp}{suffix}"
        partial = path.with_name(f".{path.name}")
        write(partial, raw, spec)
        partial.replace(path)
        self._bytes += path.stat().st_size
        return f"{column}/{path.name}"


def _columns(card: Card) -> list[str]:
    columns = [TIME]
    for name, spec in card.inputs.items():
        columns += getattr(spec, "fields", _view_columns(name, spec))
    columns += [SAID.format(name) for name, spec in card.outputs.items() if hasattr(spec, "labels")]
    if len({*columns}) != len(columns):
        raise ValueError(f"two columns of a recording would have one name: {', '.join(columns)}")
    return columns


def _view_columns(name: str, spec: InputSpec) -> list[str]:
    """An input's column; of several views of one thing NAME_1, NAME_2, ..."""
    views = getattr(spec, "views", 1)
    return [name] if views == 1 else [f"{name}_{number}" for number in range(1, views + 1)]


def _rows_in(path: Path, columns: list[str]) -> int:
    if not path.exists() or not path.stat().st_size:
        return 0
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        found = next(reader, [])
        if found != columns:
            raise ValueError(
                f"{path} has the columns {', '.join(found)}; this model records "
                f"{', '.join(columns)}: take another folder"
            )
        return sum(1 for _ in reader)


def _picture(path: Path, raw: Any, spec: Any) -> None:
    from PIL import Image

    pixels = decoded_image(raw, spec)  # upright, as the model saw it: a JPEG of ours has no EXIF
    Image.fromarray(pixels).save(path, "JPEG", quality=QUALITY, subsampling=0)


def _sound(path: Path, raw: Any, spec: Any) -> None:
    samples, rate_hz = raw
    if samples.dtype != np.int16:
        samples = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1] if samples.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(int(rate_hz))
        file.writeframes(samples.tobytes())


def _readings(path: Path, raw: Any, spec: Any) -> None:
    values, rate_hz = raw
    values = values[:, None] if values.ndim == 1 else values
    names = spec.names or tuple(map(str, range(values.shape[1])))
    table = np.column_stack([np.arange(len(values)) / rate_hz, values])
    with open(path, "w", encoding="utf-8") as file:
        np.savetxt(file, table, "%.9g", ",", header=",".join(("time", *names)), comments="")


def _frames(path: Path, raw: Any, spec: Any) -> None:
    with open(path, "wb") as file:
        np.save(file, raw)


# kind -> how its files end, and what writes one; texts and records are cells
KEPT: dict[str, tuple[str, Callable[[Path, Any, Any], None]]] = {
    "image": (".jpg", _picture),
    "audio": (".wav", _sound),
    "sensor": (".csv", _readings),
    "video": (".npy", _frames),
}
