"""Cells of a manifest to raw inputs: a path, a text, the views of one thing, a record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmkeras_edge.specs import ImageSpec, InputSpec, TableSpec

FILES = ("image", "audio", "sensor", "video")  # kinds whose cells are paths
ARGUMENTS = {  # kind of input -> what `load_manifest` and `build_model` call it
    "image": "image",
    "text": "text",
    "audio": "audio",
    "video": "video",
    "sensor": "sensors",
    "table": "table",
}

Columns = str | tuple[str, ...]  # several for the fields of a table or the views of one thing


def named_columns(given: Mapping[str, Any]) -> tuple[dict[str, Columns], dict[str, str]]:
    """Arguments of `load_manifest`, kind to column or {name: column}, as columns and kinds by name.

    An input without a name of its own is called like its kind. Raises ValueError for two of one
    name, and for several columns where one is wanted.
    """
    inputs: dict[str, Columns] = {}
    kinds: dict[str, str] = {}
    for kind, columns in given.items():
        if columns is None:
            continue
        for name, of in (columns if isinstance(columns, Mapping) else {kind: columns}).items():
            if name in inputs:
                raise ValueError(f"two inputs are called {name!r}; rename one of them")
            inputs[name] = _columns(kind, name, of)
            kinds[name] = kind
    return inputs, kinds


def arguments(inputs: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """The other way round: columns and kinds by name, as JSON keeps them, to the arguments."""
    given: dict[str, dict[str, Columns]] = {}
    for name, columns in inputs.items():
        of = columns if isinstance(columns, str) else tuple(columns)
        given.setdefault(ARGUMENTS[kinds[name]], {})[name] = of
    return given


def _columns(kind: str, name: str, columns: Any) -> Columns:
    if isinstance(columns, str):
        return (columns,) if kind == "table" else columns
    several = isinstance(columns, Sequence) and all(isinstance(column, str) for column in columns)
    if several and ((kind == "table" and columns) or (kind == "image" and len(columns) > 1)):
        return tuple(columns)
    wanted = {"table": "the columns of its fields", "image": "a column, or those of several views"}
    raise ValueError(
        f"input {name!r}: wanted {wanted.get(kind, 'the name of a column')}. Received: {columns!r}"
    )


def check_columns(name: str, kind: str, columns: Columns, spec: InputSpec) -> None:
    """Raises ValueError where a model wants other columns of an input than the manifest gives."""
    if kind != spec.kind:
        raise ValueError(f"{name!r} is {kind} in the manifest, and {spec.kind} in the model")
    of = (columns,) if isinstance(columns, str) else columns
    if isinstance(spec, TableSpec) and {*of} != {*spec.fields}:
        raise ValueError(
            f"{name!r}: the manifest gives the fields {', '.join(of)}, and the model wants "
            f"{', '.join(spec.fields)}; name the same, as Table.of(manifest, {name!r}) does"
        )
    if isinstance(spec, ImageSpec) and len(of) != spec.views:
        raise ValueError(
            f"{name!r}: the manifest gives {len(of)} views, and the model wants {spec.views}; give "
            "a column for each view, and Image(..., views=)"
        )


def raw_source(kind: str, columns: Columns, cells: Mapping[str, str], folder: Path) -> Any:
    """What one row has for an input: a path or a text, a tuple of paths for views, a dict of fields
    (None: empty) for a table; None where it is absent. Paths are absolute."""
    if kind == "table":
        record = {column: cells[column] or None for column in columns}
        return record if any(record.values()) else None
    if isinstance(columns, tuple):
        views = tuple(path_of(cells[column], folder) for column in columns)
        return views if all(views) else None
    cell = cells[columns]
    return path_of(cell, folder) if kind in FILES else cell or None


def path_of(cell: str, folder: Path) -> str | None:
    return os.path.join(folder, cell) if cell else None  # an absolute cell stays as it is


def distinct(sources: Iterable[Any]) -> tuple[list[Any], list[int | None]]:
    """The different ones, and which of them each row has; None: absent."""
    places: dict[Any, int] = {}
    different: list[Any] = []
    index: list[int | None] = []
    for source in sources:
        key = tuple(source.items()) if isinstance(source, Mapping) else source
        if key is not None and key not in places:
            places[key] = len(different)
            different.append(source)
        index.append(None if key is None else places[key])
    return different, index


def problem_with(kind: str, columns: Columns, cells: Mapping[str, str], folder: Path) -> str | None:
    """What is wrong with a row's cells of one input, before anything is decoded."""
    if kind not in FILES:
        return None
    of = (columns,) if isinstance(columns, str) else columns
    paths = {column: path_of(cells[column], folder) for column in of}
    empty = [column for column, path in paths.items() if path is None]
    if 0 < len(empty) < len(paths):
        return f"the view {empty[0]!r} is empty; fill it, or leave all of them empty"
    there = os.path.exists if kind == "video" else os.path.isfile  # a film may be a folder
    for column, path in paths.items():
        if path is not None and not there(path):
            if "://" in cells[column]:
                return f"{cells[column]!r} is an address; fetch the file, and write its path"
            return f"no file {path!r}; a path is relative to the manifest"
    return None
