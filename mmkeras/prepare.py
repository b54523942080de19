"""Rows to arrays, by the device's own loaders; each distinct file is decoded once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from mmkeras.manifest import Manifest, Problem, drop, unlabelled
from mmkeras.prepared import ABSENT, Column, Prepared, check_tokenizer
from mmkeras.recipe import Recipe
from mmkeras.sources import check_columns, distinct
from mmkeras.targets import read_targets
from mmkeras.tasks import Task
from mmkeras_edge.inputs import load_input, pick
from mmkeras_edge.specs import InputSpec
from mmkeras_edge.text import read_tokenizer


def prepare(
    manifest: Manifest,
    recipe: Recipe,
    tokenizer_json: str | None = None,
    keep_unlabelled: bool = False,
) -> Prepared:
    """Decodes every row that the recipe's inputs need, on all cores.

    A row that cannot be read, lacks an input that is not optional, has no label of any output, or
    one that the recipe does not know, is left out, listed in the manifest's `problems` and warned
    of. A label that is missing beside others is unknown: it is neither learned nor counted. With
    `keep_unlabelled`, rows without any label stay: for a teacher. The manifest of a prepared folder
    is read from there, if what is stored is what the recipe wants.
    """
    stored = _stored(manifest, recipe, tokenizer_json, keep_unlabelled)
    if stored is not None:
        return stored
    tokenizer = read_tokenizer(tokenizer_json) if tokenizer_json else None
    problems: list[Problem] = []
    columns = {}
    for name, spec in recipe.specs.items():
        of = pick(manifest.inputs, name, f"input: {manifest.path} has no column for")
        check_columns(name, manifest.kinds[name], of, spec)
        columns[name], found = _load_column(manifest, name, spec, tokenizer)
        problems += found
        if name not in recipe.optional:
            problems += _missing(manifest, name, columns[name])
    targets = {}
    for name, task in recipe.outputs.items():
        targets[name], found = _labels(manifest, name, task)
        problems += found
    if not keep_unlabelled:
        problems += unlabelled(manifest, recipe.outputs)
    kept = drop(manifest, problems)
    rows = np.flatnonzero(manifest.table.index.isin(kept.table.index))
    return Prepared(
        kept,
        {name: Column(column.values, column.index[rows]) for name, column in columns.items()},
        {name: of[rows] for name, of in targets.items()},
        recipe,
        tokenizer_json,
    )


def _stored(
    manifest: Manifest, recipe: Recipe, tokenizer_json: str | None, keep_unlabelled: bool
) -> Prepared | None:
    """The rows as a prepared folder has them, where the manifest is that of one."""
    from mmkeras.shards.opening import MANIFEST, is_prepared, open_prepared

    if manifest.path.name != MANIFEST or not is_prepared(manifest.path.parent):
        return None
    data = open_prepared(manifest.path.parent, keep_unlabelled)
    try:
        data = data.narrowed(recipe)
        check_tokenizer(data, tokenizer_json)
    except ValueError:
        return None  # of other arrays; they are made of the originals
    return data.rows(np.flatnonzero(data.manifest.table.index.isin(manifest.table.index)))


def _load_column(
    manifest: Manifest, name: str, spec: InputSpec, tokenizer: Any
) -> tuple[Column, list[Problem]]:
    different, places = distinct(manifest.column(name))
    values = np.zeros((max(len(different), 1), *spec.shape), spec.dtype)

    def load(position: int) -> str | None:
        try:
            values[position] = load_input(different[position], spec, tokenizer)
        except (ValueError, OSError) as error:
            return str(error)
        return None

    # Threads, not processes: Pillow, libsndfile, soxr and the tokenizer release the GIL while they
    # work, and a user's script needs no `if __name__ == "__main__"`.
    with ThreadPoolExecutor() as pool:
        messages = list(pool.map(load, range(len(different))))
    index = np.array([ABSENT if place is None else place for place in places], dtype=np.int64)
    problems = [
        Problem(str(manifest.path), line, ", ".join(manifest.columns(name)), message)
        for line, place in zip(manifest.table.index, places, strict=True)
        if place is not None and (message := messages[place])
    ]
    return Column(values, index), problems


def _missing(manifest: Manifest, name: str, column: Column) -> list[Problem]:
    return [
        Problem(
            str(manifest.path),
            line,
            ", ".join(manifest.columns(name)),
            f"is empty; fill it, or build the model with optional=({name!r},)",
        )
        for line in manifest.table.index[column.index == ABSENT]
    ]


def _labels(manifest: Manifest, name: str, task: Task) -> tuple[np.ndarray, list[Problem]]:
    column = pick(manifest.targets, name, f"output: {manifest.path} has no target for")
    values, wrong = read_targets(manifest.cells(name), task)
    lines = manifest.lines
    file = str(manifest.path)
    return values, [Problem(file, lines[row], column, what) for row, what in wrong.items()]
