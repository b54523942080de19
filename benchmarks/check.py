"""Rows per second of loading, checking and splitting a manifest, and the memory that they take.

    python benchmarks/check.py --rows 1000000 --files 2000

Rows share the files, so that the figures are those of rows; `files` says how many a second are
looked at. CPU seconds, so that what else runs beside it does not count.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

COLUMNS = {"image": "picture", "text": "words", "table": ("age",), "targets": {"label": "classify"}}


def write(folder: Path, rows: int, files: int, side_px: int) -> Path:
    """A manifest of so many rows over so many pictures."""
    random = np.random.default_rng(0)
    for number in range(files):
        rough = Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8))
        rough.resize((side_px, side_px)).save(folder / f"{number}.jpg", quality=90)
    path = folder / "rows.csv"
    with open(path, "w") as file:
        file.write("picture,words,age,label,who\n")
        for row in range(rows):
            words, label = f"this is the sentence of row {row}", "abcdefghij"[row * 7919 % 10]
            file.write(f"{row % files}.jpg,{words},{row % 97},{label},{row // 4}\n")
    return path


def timed(function, *arguments, **options):
    """What it gives, and the CPU seconds it took."""
    begun = time.process_time()
    return function(*arguments, **options), time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--side-px", type=int, default=224)
    wanted = parser.parse_args()
    import mmkeras
    from mmkeras.quality.columns import file_columns

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), wanted.rows, wanted.files, wanted.side_px)
        data, load_s = timed(mmkeras.load_manifest, path, **COLUMNS, group="who")
        _, files_s = timed(file_columns, data.rows(range(wanted.files)))
        found, check_s = timed(mmkeras.check, data)
        _, split_s = timed(data.with_split)
    figures = {
        "load": round(wanted.rows / load_s),
        "check": round(wanted.rows / check_s),
        "split": round(wanted.rows / split_s),
        "files": round(wanted.files / files_s),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000),
        "findings": len(found.findings),
    }
    print(json.dumps({"rows": wanted.rows, "per CPU second": figures}, indent=1))


if __name__ == "__main__":
    main()
