"""A manifest to a folder of shards: made in parallel, kept when stopped, redone where changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.manifest import Manifest, Problem
from mmkeras.manifest.checking import refuse
from mmkeras.prepared import Prepared
from mmkeras.provenance import versions
from mmkeras.recipe import Recipe
from mmkeras.shards.engines import ENGINES
from mmkeras.shards.files import ROWS, has_size, is_whole, read_array
from mmkeras.shards.folder import KNOWN, SHARDS, alone, check_free, finish
from mmkeras.shards.known import gather
from mmkeras.shards.layout import layout, row_bytes
from mmkeras.shards.making import Job, Made, Setup
from mmkeras.shards.opening import FORMAT, is_prepared, open_prepared, read_index
from mmkeras.sources import check_columns
from mmkeras.splits import SPLITS
from mmkeras.starting import start
from mmkeras.tasks import Task
from mmkeras.tokenizer import tokenizer_for
from mmkeras_edge.card import spec_to_dict
from mmkeras_edge.inputs import pick


@dataclass(frozen=True)
class Work:
    """Who prepares: `workers` processes (None: one a core) of an engine, "local" or "ray"; the
    shards of `part` (i, n), each i of 1 to n on a machine of its own, then `merge` joins them."""

    workers: int | None = None
    engine: str = "local"
    part: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        pick(ENGINES, self.engine, "engine")
        i, n = self.part
        if not 1 <= i <= n:
            raise ValueError(f"part is (i, n) with i from 1 to n. Received: {self.part}")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"wanted 1 worker or more. Received: {self.workers}")

    def takes(self, shard: int) -> bool:
        i, n = self.part
        return shard % n == i - 1


def prepare_to(
    manifest: Manifest,
    out: str | os.PathLike[str],
    recipe: Recipe | None = None,
    tokenizer_json: str | None = None,
    seed: int = 0,
    work: Work = Work(),
) -> Prepared:
    """Prepares every row into a folder, and opens it.

    Without a recipe it is the usual one for the rows; the split is stored, that of the manifest or
    the one that `seed` draws, and a text gets a tokenizer trained on the training rows, unless one
    is given. A call that was killed goes on where it was; a later one makes only what has changed,
    by the content of the files. Rows that cannot be used are listed in `skipped.csv`.

    Raises BlockingIOError where another process prepares into the folder, FileExistsError for a
    folder of something else, and ValueError where no row can be used, or one cannot and the
    manifest is strict.
    """
    folder = Path(out)
    check_free(folder)
    manifest, learn = _split(manifest, seed)
    recipe = recipe or start(learn)
    plain = _plain(recipe)
    for name, spec in recipe.specs.items():
        of = pick(manifest.inputs, name, f"input: {manifest.path} has no column for")
        check_columns(name, manifest.kinds[name], of, spec)
    for name in recipe.outputs:
        pick(manifest.targets, name, f"output: {manifest.path} has no target for")
    tokenizer_json = tokenizer_for(recipe, learn, tokenizer_json)
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    with alone(folder):
        setup = Setup(
            str(folder.absolute()),
            {name: spec_to_dict(spec) for name, spec in recipe.specs.items()},
            recipe.optional,
            {name: _target(task) for name, task in recipe.outputs.items()},
            tokenizer_json,
        )
        setup = _remembering(setup)
        places = layout(len(manifest), row_bytes(recipe.specs.values()))
        wanted = [number for number in range(len(places)) if work.takes(number)]
        jobs = (_job(manifest, recipe, number, places[number]) for number in wanted)
        total = sum(len(places[number]) for number in wanted)
        made = [*_made(manifest, setup, jobs, work, total)]
        made.sort(key=lambda each: each["number"])
        _finish(folder, manifest, made, _about(manifest, plain, setup, seed, work), tokenizer_json)
    return open_prepared(folder)


def _split(manifest: Manifest, seed: int) -> tuple[Manifest, Manifest]:
    """The rows with their split as a column, and those to learn from."""
    parts = manifest.split(seed)
    names = np.empty(len(manifest), object)
    for name, part in zip(SPLITS, parts, strict=True):
        names[manifest.table.index.isin(part.table.index)] = name
    return replace(manifest, table=manifest.table.assign(split=names)), parts[0]


def _plain(recipe: Recipe) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(recipe.to_dict()))
    except TypeError as error:
        raise ValueError(
            "a recipe that holds a keras.Model cannot be stored; give recipe_of(model) of the "
            f"model that it makes ({error})"
        ) from error


def _target(task: Task) -> dict[str, Any]:
    """What decides its array."""
    labels = getattr(task, "labels", None)
    return {"kind": task.kind, **({} if labels is None else {"labels": [*labels]})}


def _remembering(setup: Setup) -> Setup:
    """With the shards that are there, as whole as they were written, and what they hold."""
    folder = Path(setup.folder)
    shutil.rmtree(folder / KNOWN, ignore_errors=True)
    shards = [each for each in sorted((folder / SHARDS).iterdir()) if each.name[0] != "."]
    listed = (
        {shard["name"] for shard in read_index(folder)["shards"]} if is_prepared(folder) else {}
    )
    with ThreadPoolExecutor() as pool:  # those of a call that was killed are read again
        whole = pool.map(lambda each: (has_size if each.name in listed else is_whole)(each), shards)
        shards = [shard for shard, good in zip(shards, whole, strict=True) if good]
    if not shards:
        return setup
    gather(folder / KNOWN, shards, {name: setup.key_of(name) for name in setup.specs})
    names = [shard.name for shard in shards]
    return replace(setup, known=str(folder.absolute() / KNOWN), there=names)


def _job(manifest: Manifest, recipe: Recipe, number: int, positions: np.ndarray) -> Job:
    rows = manifest.rows(positions)
    sources = {name: rows.column(name) for name in recipe.inputs}
    cells = {name: rows.cells(name) for name in recipe.outputs}
    return Job(number, positions.tolist(), rows.lines, sources, cells)


def _made(
    manifest: Manifest, setup: Setup, jobs: Iterable[Job], work: Work, rows: int
) -> Iterator[Made]:
    """The shards, with a bar on a terminal; the first problem ends it where one is an error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Left

    workers = work.workers or os.cpu_count() or 1
    console = Console(stderr=True)
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), Left())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=rows)
        for made in ENGINES[work.engine](setup, jobs, workers):
            bar.advance(task, made["rows"] + len({line for line, *_ in made["problems"]}))
            if manifest.strict and made["problems"]:
                refuse(_problems(manifest, [made]))
            yield made


def _about(
    manifest: Manifest, plain: dict[str, Any], setup: Setup, seed: int, work: Work
) -> dict[str, Any]:
    whole = manifest.table.to_csv(index=False).encode("utf-8", "surrogateescape")
    return {
        "format": FORMAT,
        "recipe": plain,
        "specs": dict(setup.specs),
        "setup": setup.key,
        "seed": seed,
        "part": list(work.part),  # of the rows of which manifest, and how many it has
        "source": hashlib.sha256(whole).hexdigest(),
        "of_rows": len(manifest),
        "versions": versions(),
    }


def _finish(
    folder: Path,
    manifest: Manifest,
    made: Sequence[Made],
    about: dict[str, Any],
    tokenizer_json: str | None,
) -> None:
    """Writes what stands beside the shards, the index last, and deletes what it does not name."""
    problems = [*manifest.problems, *_problems(manifest, made)]
    rows = [read_array(folder / SHARDS / shard["name"] / ROWS) for shard in made]
    positions = np.sort(np.concatenate([np.empty(0, np.int64), *rows]))
    if not len(positions):
        raise ValueError(
            f"{manifest.path}: no usable row; the first problem: "
            f"{problems[0] if problems else 'this part has no shard'}"
        )
    shards = [{**_entry(shard), "offset": 0} for shard in made]
    skipped = len({problem.line for problem in problems})
    about = {**about, "skipped": skipped}
    finish(folder, manifest.rows(positions), shards, about, tokenizer_json, problems)


def _entry(shard: Made) -> dict[str, Any]:
    return {name: shard[name] for name in ("name", "number", "rows", "bytes", "sha256")}


def _problems(manifest: Manifest, made: Iterable[Made]) -> list[Problem]:
    found = []
    for line, name, message in sorted(problem for shard in made for problem in shard["problems"]):
        of_input = name in manifest.inputs
        column = ", ".join(manifest.columns(name)) if of_input else manifest.targets[name]
        found.append(Problem(str(manifest.path), line, column, message))
    return found
