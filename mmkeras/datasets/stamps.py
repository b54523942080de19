"""The Tux Paint stamps: picture, English caption, and the caption spoken in six languages.

Source: the Debian package `tuxpaint-stamps-default` (2022.06.04-1, licence GPL-2, by the Tux Paint
contributors). The package manager fetches it and it stays outside of this repository; a manifest
refers to its files where they are.

What a path says is no feature: a stamp's first folder is its category.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

COLUMNS = ("image", "caption", "speech", "category", "language", "group")
CATEGORIES = {  # first folder -> folders below it that are left out
    "symbols": (),
    "animals": (),
    "food": (),
    "household": (),
    "town": ("roadsigns",),  # signs are symbols
    "vehicles": (),
    "clothes": (),
    "plants": (),
    "people": (),
}
LANGUAGES = ("fr", "es", "ca", "ro", "ru", "bg")  # those with about 900 spoken descriptions each
SPEECH_ENDINGS = (".ogg", ".wav", ".utf8.ogg", ".utf8.wav")
SVG_PX = 256  # longer side of a rasterised drawing
SVG_DPI = 96.0  # what CSS calls an inch; a third of the drawings give their size in pt, mm or cm
PLACES = (  # where the stamps are looked for, after $MMKERAS_STAMPS
    Path("data/tuxpaint/usr/share/tuxpaint/stamps"),  # unpacked without root
    Path("/usr/share/tuxpaint/stamps"),
)


@dataclass(frozen=True)
class Stamp:
    """One picture with its caption and its spoken descriptions by language."""

    picture: Path
    caption: str
    category: str
    speech: dict[str, Path]


def find_stamps() -> Path | None:
    """The folder of the stamps, or None: $MMKERAS_STAMPS where it is set, else `PLACES`."""
    chosen = os.environ.get("MMKERAS_STAMPS")
    places = [Path(chosen)] if chosen else PLACES
    return next((place.absolute() for place in places if place.is_dir()), None)


def build(folder: str | os.PathLike[str], root: Path | str | None = None, svg: bool = True) -> Path:
    """Writes `folder`/stamps.csv, a row for each stamp and language, and returns its path.

    `svg` rasterises the stamps that exist as SVG alone into `folder`/svg, transparent PNG of at
    most 256 x 256 px; it warns and leaves them out where resvg-py is not installed. Stamps that
    share their caption (but for case), their picture or a clip have the same `group`.

    Raises FileNotFoundError without the package, ValueError for a root that holds no stamps.
    """
    root = Path(root) if root else find_stamps()
    if root is None or not root.is_dir():
        raise FileNotFoundError(
            f"no Tux Paint stamps in {root or os.environ.get('MMKERAS_STAMPS') or PLACES[-1]}; "
            "run `make quickstart`, or `apt-get install tuxpaint-stamps-default`, "
            "or name their folder in MMKERAS_STAMPS"
        )
    folder = Path(folder).absolute()
    stamps = list(read_stamps(root.absolute()))
    if not stamps:
        raise ValueError(
            f"{root} holds no stamps with spoken descriptions; wanted the folder that holds "
            f"{', '.join(CATEGORIES)}, in the package usr/share/tuxpaint/stamps"
        )
    drawings = [stamp.picture for stamp in stamps if stamp.picture.suffix == ".svg"]
    pictures = {stamp.picture: stamp.picture for stamp in stamps if stamp.picture not in drawings}
    if svg and drawings:
        pictures |= _rasterise(drawings, root.absolute(), folder / "svg")
    stamps = [replace(s, picture=pictures[s.picture]) for s in stamps if s.picture in pictures]
    groups = connect([_shared(stamp) for stamp in stamps])
    rows = [
        (stamp.picture, stamp.caption, clip, stamp.category, language, group)
        for stamp, group in zip(stamps, groups, strict=True)
        for language, clip in stamp.speech.items()
    ]
    return write_manifest(folder / "stamps.csv", rows)


def read_stamps(root: Path) -> Iterator[Stamp]:
    """The stamps of `CATEGORIES` that have a caption and a spoken description, by path.

    A PNG is taken before an SVG of the same name. A mirrored picture has no caption of its own.
    """
    for category, left_out in CATEGORIES.items():
        for text in sorted((root / category).rglob("*.txt")):
            if set(left_out) & set(text.relative_to(root / category).parts[:-1]):
                continue
            name = text.with_suffix("")
            picture = _first(f"{name}{ending}" for ending in (".png", ".svg"))
            found = {
                language: _first(f"{name}_desc_{language}{ending}" for ending in SPEECH_ENDINGS)
                for language in LANGUAGES
            }
            speech = {language: clip for language, clip in found.items() if clip}
            caption = text.read_text("utf-8-sig").partition("\n")[0].strip()
            if picture and caption and speech:
                yield Stamp(picture, caption, category, speech)


def connect(shared: Sequence[Iterable[object]]) -> list[int]:
    """The number of each item's group: items that share a key are together, also by a chain.

    Groups are numbered from 0 in the order of their first item.
    """
    parent = list(range(len(shared)))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = item = parent[parent[item]]
        return item

    first: dict[object, int] = {}
    for item, keys in enumerate(shared):
        for key in keys:
            parent[root(item)] = root(first.setdefault(key, item))
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(item), len(numbers)) for item in range(len(shared))]


def write_manifest(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Writes rows of `COLUMNS` as CSV and returns its path.

    A Path below the manifest's folder is written relative to it, any other absolute; None is empty.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value, path.parent) for value in row] for row in rows)
    return replace_file(path, table.getvalue().encode())


def replace_file(path: Path, content: bytes) -> Path:
    """Writes a file that is there whole or not at all, its folders too, and returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _rasterise(drawings: Sequence[Path], root: Path, folder: Path) -> dict[Path, Path]:
    """Each SVG file to its PNG in `folder`; none without resvg-py, with a warning."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        warnings.warn(
            f"{len(drawings)} stamps are SVG drawings and are left out; for them: "
            "pip install resvg-py",
            stacklevel=3,
        )
        return {}
    pictures = {}
    for drawing in drawings:
        try:
            content = svg_to_bytes(
                svg_path=str(drawing),
                width=SVG_PX,  # both: the drawing keeps its aspect and fits
                height=SVG_PX,
                dpi=SVG_DPI,
                skip_system_fonts=True,  # the same pixels on every machine
            )
        except ValueError as error:
            raise ValueError(f"{drawing} cannot be drawn: {error}") from error
        picture = folder / drawing.relative_to(root).with_suffix(".png")
        pictures[drawing] = replace_file(picture, content)
    return pictures


def _shared(stamp: Stamp) -> Iterator[object]:
    yield "caption", stamp.caption.casefold()
    yield "picture", _hash(stamp.picture)
    for clip in stamp.speech.values():
        yield "speech", _hash(clip)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _first(paths: Iterable[str]) -> Path | None:
    return next((Path(path) for path in paths if os.path.isfile(path)), None)


def _cell(value: object, folder: Path) -> object:
    if not isinstance(value, Path):
        return value
    return (value.relative_to(folder) if value.is_relative_to(folder) else value).as_posix()
