"""Prepared folders to one: the parts that several machines made, or sets of the same recipe."""

from __future__ import annotations

import csv
import dataclasses
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.manifest import Problem
from mmkeras.prepared import Prepared
from mmkeras.shards.files import is_whole, settle
from mmkeras.shards.folder import SHARDS, alone, check_free, finish
from mmkeras.shards.opening import (
    SKIPPED,
    TOKENIZER,
    manifest_in,
    open_prepared,
    positions_of,
    read_index,
)

Paths = Sequence[str | os.PathLike[str]]


def merge(folders: Paths, out: str | os.PathLike[str]) -> Prepared:
    """Joins prepared folders into a new one, and opens it.

    Parts of one manifest come in its order, as if one machine had made them all; the rows of
    several manifests one after the other, with the splits that each has. Shards are linked, or
    copied where another disk is, and then read again. Raises ValueError for folders of other
    recipes or tokenizers, for a part that is given twice or lacks others, and for a shard that is
    damaged.
    """
    paths = [Path(folder) for folder in folders]
    indexes = [read_index(path) for path in paths]
    if not paths:
        raise ValueError("give the prepared folders to merge")
    _check_alike(paths, indexes)
    groups = _grouped(paths, indexes)
    check_free(Path(out))
    (Path(out) / SHARDS).mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, Any]] = []
    tables, problems, offset, number = [], [], 0, 0
    with alone(Path(out)):
        for group in groups:
            entries = sorted(
                ((shard, path) for path, index in group for shard in index["shards"]),
                key=lambda each: each[0]["number"],
            )
            for shard, path in entries:
                _take(path / SHARDS / shard["name"], Path(out, SHARDS, shard["name"]))
                moved = {"offset": shard["offset"] + offset, "number": shard["number"] + number}
                shards.append({**shard, **moved})
            tables.append(_rows(group))
            problems += [problem for path, _ in group for problem in _problems(path)]
            offset += group[0][1]["of_rows"]
            number = shards[-1]["number"] + 1
        table = pd.concat(tables, ignore_index=True)
        manifest = dataclasses.replace(manifest_in(paths[0]), table=table)
        skipped = len({(problem.file, problem.line) for problem in problems})
        about = {**indexes[0], "part": [1, 1], "skipped": skipped, "of_rows": offset}
        tokenizer = paths[0] / TOKENIZER
        text = tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else None
        finish(Path(out), manifest, shards, about, text, problems)
    return open_prepared(out)


def _check_alike(paths: Sequence[Path], indexes: Sequence[dict[str, Any]]) -> None:
    for path, index in zip(paths[1:], indexes[1:], strict=True):
        for what in ("setup", "recipe"):
            if index[what] != indexes[0][what]:
                what = "with another recipe" if what == "recipe" else "with another tokenizer"
                raise ValueError(
                    f"{path} was prepared {what} than {paths[0]}; prepare all with the same: "
                    "--recipe FILE and --tokenizer FILE"
                )


def _grouped(
    paths: Sequence[Path], indexes: Sequence[dict[str, Any]]
) -> list[list[tuple[Path, dict[str, Any]]]]:
    """The folders by the manifest that they are parts of."""
    groups: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for path, index in zip(paths, indexes, strict=True):
        groups.setdefault(index["source"], []).append((path, index))
    for group in groups.values():
        parts = sorted(index["part"][0] for _, index in group)
        of = {index["part"][1] for _, index in group}
        if len(of) > 1 or parts != list(range(1, max(of) + 1)):
            said = ", ".join(f"{i}/{n}" for i, n in (index["part"] for _, index in group))
            raise ValueError(
                f"{group[0][0]}: wanted each part of its manifest once. Received: {said}"
            )
    return list(groups.values())


def _take(source: Path, target: Path) -> None:
    """The shard, at its new place."""
    if is_whole(target):
        return
    part = target.with_name(f".{target.name}.{os.getpid()}")
    for path in (part, target):
        shutil.rmtree(path, ignore_errors=True)
    part.mkdir()
    for file in source.iterdir():
        try:
            os.link(file, part / file.name)
        except OSError:
            shutil.copyfile(file, part / file.name)
    if not is_whole(part):
        shutil.rmtree(part)
        raise ValueError(f"{source} is damaged: prepare its folder again")
    settle(part, target)


def _rows(group: Sequence[tuple[Path, dict[str, Any]]]) -> pd.DataFrame:
    """The rows of the parts of one manifest, in its order."""
    tables = [manifest_in(path).table for path, _ in group]
    positions = [np.sort(np.concatenate(positions_of(path, index))) for path, index in group]
    return pd.concat(tables, ignore_index=True).iloc[np.argsort(np.concatenate(positions))]


def _problems(path: Path) -> list[Problem]:
    with open(path / SKIPPED, newline="", encoding="utf-8") as file:
        rows = [*csv.reader(file)][1:]
    return [Problem(name, int(line), column, message) for name, line, column, message in rows]
