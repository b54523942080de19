"""A folder for each class, with its files: `pets/cat/1.png`, or `pets/train/cat/1.png`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mmkeras.manifest.kinds import kind_of_name
from mmkeras.manifest.problems import Problem
from mmkeras.manifest.sheet import Sheet, sheet_of
from mmkeras.splits import split_named

TEXTS = (".txt",)  # files whose content is a text
LIMIT_BYTES = 1 << 20  # of such a file


def read_tree(path: Path) -> Sheet:
    """A row for each file, or for all files of one name: `cat/1.png` and `cat/1.wav` are a picture
    and its sound.

    The column "label" is the folder, the others are called like the kinds of files; "split" is
    there where the folders above are called train, valid, test or alike. A file of no kind that is
    known is a problem, numbered behind the rows.
    """
    path = path.absolute()
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    strays: list[str] = []  # what is wrong with a file that is in no row
    for split, label, file in _files(path):
        kind = "text" if file.suffix.lower() in TEXTS else kind_of_name(file.name)
        name = str(file.relative_to(path.parent))
        content = name
        if kind is None:
            strays.append(f"{name!r} is of no kind that is known")
            continue
        if kind == "text":
            try:
                content = _text(file)
            except (OSError, ValueError) as error:
                strays.append(f"{name!r} is no readable text: {error}")
                continue
        row = rows.setdefault((split, label, file.stem), {"split": split, "label": label})
        if kind in row:  # 1.png beside 1.jpg
            key = (split, label, file.name)
            row = rows.setdefault(key, {"split": split, "label": label})
        row[kind] = content
    if not rows:
        raise ValueError(
            f"{path}: no files in folders of classes; wanted {path.name}/CLASS/FILE, or a manifest"
        )
    found = sorted(set().union(*rows.values()) - {"split", "label"})
    kept = [*found, "label", *(["split"] if any(row["split"] for row in rows.values()) else [])]
    columns = {name: [row.get(name, "") for row in rows.values()] for name in kept}
    roles = {**{kind: kind for kind in found}, "label": "classify", "split": "split"}
    last = len(rows)
    problems = [Problem(str(path), last + n, "file", of) for n, of in enumerate(strays, start=1)]
    return sheet_of(path, columns, range(1, last + 1), problems, roles)


def _files(path: Path) -> Iterator[tuple[str, str, Path]]:
    """Split ("": none), label and path of every file, in order; hidden ones are not ours."""
    for folder in _folders(path):
        split = split_named(folder.name)
        if split is None or not _folders(folder):
            yield from (("", folder.name, file) for file in _inside(folder))
            continue
        for of_class in _folders(folder):
            yield from ((split, of_class.name, file) for file in _inside(of_class))


def _folders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _inside(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _text(file: Path) -> str:
    if file.stat().st_size > LIMIT_BYTES:
        raise ValueError(f"more than {LIMIT_BYTES:,} bytes")
    return file.read_text("utf-8-sig").strip()
