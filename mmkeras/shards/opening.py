"""A prepared folder to `Prepared`: the arrays stay on the disk until a batch wants them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.manifest import Manifest
from mmkeras.manifest.loading import read_sheet
from mmkeras.prepared import ABSENT, Column, Prepared
from mmkeras.recipe import Recipe
from mmkeras.shards.files import ROWS, file_of, has_size, is_whole, read_array
from mmkeras.shards.values import OPEN_BYTES, ShardValues
from mmkeras.targets import labelled

INDEX, MANIFEST, SKIPPED, TOKENIZER = "index.json", "manifest.csv", "skipped.csv", "tokenizer.json"
FORMAT = 1


def is_prepared(path: str | os.PathLike[str]) -> bool:
    """Whether it is a folder that `open_prepared` opens."""
    return Path(path, INDEX).is_file()


def read_index(folder: Path) -> dict[str, Any]:
    """Raises FileNotFoundError where there is none, ValueError for one of another version."""
    if not is_prepared(folder):
        begun = (folder / "shards").is_dir()
        cure = "its preparation is not finished; call it again" if begun else f"no {INDEX} in it"
        raise FileNotFoundError(f"{str(folder)!r} holds no prepared rows: {cure}")
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    if index.get("format") != FORMAT:
        raise ValueError(
            f"{folder}: format {index.get('format')!r}; this version reads {FORMAT}: prepare anew"
        )
    return index


def manifest_in(folder: Path) -> Manifest:
    """The rows of a prepared folder; their files need not be there."""
    said = read_index(folder)["manifest"]
    path = (folder / MANIFEST).absolute()
    columns = {n: of if isinstance(of, str) else tuple(of) for n, of in said["inputs"].items()}
    return Manifest(
        path,
        read_sheet(path).table,
        columns,
        said["kinds"],
        {target: target for target in said["targets"]},
        said["group"],
        tasks={target: kind for target, kind in said["targets"].items() if kind != "classify"},
    )


def open_prepared(path: str | os.PathLike[str], keep_unlabelled: bool = False) -> Prepared:
    """The rows that `prepare_to` has stored, in the order of the manifest.

    `split()` them, and give them to `fit` like those in memory. Rows without a label of any output
    are for a teacher alone, with `keep_unlabelled`. Raises FileNotFoundError where
    there are none and ValueError for shards that were cut off.
    """
    folder = Path(path)
    index = read_index(folder)
    shards = [folder / "shards" / shard["name"] for shard in index["shards"]]
    for shard in shards:
        if not has_size(shard):
            raise ValueError(
                f"{shard} is not whole: it was cut off, or not all of it was copied; prepare "
                "again, which makes what is missing"
            )
    recipe = Recipe.from_dict(index["recipe"])
    positions = positions_of(folder, index)
    order = np.argsort(_joined(positions), kind="stable")
    numbers = np.repeat(np.arange(len(shards), dtype=np.int32), [len(of) for of in positions])
    at_once = OPEN_BYTES // max([1, *(shard["bytes"] for shard in index["shards"])])
    data = Prepared(
        manifest_in(folder),
        {
            name: _column(shards, name, spec, order, max(at_once, 4))
            for name, spec in recipe.specs.items()
        },
        {name: _labels(shards, name)[order] for name in recipe.outputs},
        recipe,
        _tokenizer(folder),
        shards=numbers[order],
    )
    known = np.any([labelled(of) for of in data.targets.values()], axis=0)
    return data if keep_unlabelled or known.all() else data.rows(np.flatnonzero(known))


def positions_of(folder: Path, index: Mapping[str, Any]) -> list[np.ndarray]:
    """Where the rows of each shard stand in the manifest that they were made of."""
    return [
        read_array(folder / "shards" / shard["name"] / ROWS) + shard["offset"]
        for shard in index["shards"]
    ]


def damaged(path: str | os.PathLike[str]) -> list[str]:
    """Reads every shard: the names of those that are not what was written, none if all is well."""
    folder = Path(path)
    names = [shard["name"] for shard in read_index(folder)["shards"]]
    return [name for name in names if not is_whole(folder / "shards" / name)]


def _column(
    shards: Sequence[Path], name: str, spec: Any, order: np.ndarray, at_once: int
) -> Column:
    names = [read_array(shard / file_of(name, "names")) for shard in shards]
    counts = [len(of) for of in names]
    index, start = [], 0
    for shard, count in zip(shards, counts, strict=True):
        own = read_array(shard / file_of(name, "index")).astype(np.int64)
        index.append(np.where(own == ABSENT, ABSENT, own + start))
        start += count
    rows = _joined(index)[order]
    which = np.unique(_joined(names), return_inverse=True)[1] if start else np.zeros(1, np.int64)
    sources = np.where(rows == ABSENT, ABSENT, which[rows])
    files = [shard / file_of(name, "values") for shard in shards]
    values = ShardValues(files, counts, spec.shape, spec.dtype, at_once)
    return Column(values, rows, sources)


def _labels(shards: Sequence[Path], name: str) -> np.ndarray:
    return np.concatenate([read_array(shard / file_of(name, "labels")) for shard in shards])


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays)


def _tokenizer(folder: Path) -> str | None:
    path = folder / TOKENIZER
    return path.read_text(encoding="utf-8") if path.is_file() else None
