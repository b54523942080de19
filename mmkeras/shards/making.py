"""One shard: the rows of a job to arrays on disk. It runs in any process, on any machine."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmkeras.shards.files import (
    ABOUT,
    ROWS,
    file_of,
    read_about,
    settle,
    write_array,
)
from mmkeras.shards.files import SEEN as SEEN_FILE
from mmkeras.shards.known import Known
from mmkeras.shards.sources import DIGEST, Reader, digest_of
from mmkeras.sources import distinct
from mmkeras.targets import read_targets
from mmkeras.tasks import TASKS
from mmkeras_edge.card import spec_from_dict
from mmkeras_edge.inputs import load_input
from mmkeras_edge.specs import INPUT_SPECS, InputSpec
from mmkeras_edge.text import read_tokenizer

FORMAT = 1  # of a shard; another one is made anew
ABSENT = -1

Made = dict[str, Any]  # what a shard says of itself, and how it came about


@dataclass(frozen=True)
class Setup:
    """What all shards share, as plain data: it travels to other processes as JSON."""

    folder: str
    specs: Mapping[str, Any]  # of inputs, as in a card
    optional: Sequence[str]
    tasks: Mapping[str, Any]  # of outputs, as in a recipe
    tokenizer_json: str | None
    known: str | None = None  # the folder of what older shards have
    there: Sequence[str] = ()  # shards that are complete

    @cached_property
    def read_specs(self) -> dict[str, InputSpec]:
        return {name: spec_from_dict(spec, INPUT_SPECS) for name, spec in self.specs.items()}

    @cached_property
    def read_tasks(self) -> dict[str, Any]:
        return {name: _task(task) for name, task in self.tasks.items()}

    @cached_property
    def tokenizer(self) -> Any:
        return read_tokenizer(self.tokenizer_json) if self.tokenizer_json else None

    def key_of(self, name: str) -> str:
        """What decides the arrays of an input, beside its sources."""
        spec = self.specs[name]
        tokenizer = self.tokenizer_json if spec["kind"] == "text" else None
        return digest_of([FORMAT, spec, tokenizer]).decode()

    @cached_property
    def key(self) -> str:
        """What decides a shard, beside its rows."""
        keys = {name: self.key_of(name) for name in self.specs}
        return digest_of([FORMAT, keys, list(self.optional), self.tasks]).decode()


class Job(NamedTuple):
    """The rows of one shard: position and line in the manifest, sources and cells of labels."""

    number: int
    positions: Sequence[int]
    lines: Sequence[int]
    sources: Mapping[str, Sequence[Any]]  # by input, row by row
    cells: Mapping[str, Sequence[str]]  # by output


@dataclass(frozen=True)
class Part:
    """The distinct sources of one input of a job, and which of them each row has."""

    sources: list[Any]
    names: list[bytes]  # of the sources themselves: whether two shards have the same one
    digests: list[bytes]  # of what they hold
    places: list[int | None]

    @property
    def told(self) -> list[Any]:
        """All of it that decides a shard."""
        both = zip(self.names, self.digests, strict=True)
        return [[[name.decode(), digest.decode()] for name, digest in both], self.places]


class Wrong(NamedTuple):
    """Of a row by its place in the job: what is wrong with an input or output of that name."""

    row: int
    name: str
    message: str


def as_json(content: Any) -> str:
    """A setup or a job, as plain fields, on its way to another process."""
    return json.dumps(content, default=lambda of: of.tolist())  # numbers and arrays of NumPy


def known_of(setup: Setup) -> Known:
    return Known(Path(setup.known) if setup.known else None, setup.specs)


def make(setup: Setup, job: Job, known: Known) -> Made:
    """Makes the shard, unless it is there; what it says of itself, with the number of sources that
    were decoded (`made`) and copied from older shards (`copied`)."""
    reader = Reader(known.seen)
    parts = {name: _part(setup, reader, name, of) for name, of in job.sources.items()}
    positions, lines = [*map(int, job.positions)], [*map(int, job.lines)]
    cells = {name: list(of) for name, of in job.cells.items()}
    told = {name: part.told for name, part in parts.items()}
    key = digest_of([setup.key, positions, lines, told, cells]).decode()
    path = Path(setup.folder, "shards", f"{job.number:06d}-{key}")
    if path.name in setup.there:
        return {**read_about(path), "made": 0, "copied": 0}
    shutil.rmtree(path, ignore_errors=True)
    part_path = path.with_name(f".{path.name}.{os.getpid()}")
    shutil.rmtree(part_path, ignore_errors=True)
    part_path.mkdir(parents=True)
    about, counts = _written(part_path, setup, job, parts, known)
    write_array(part_path / SEEN_FILE, reader.table())
    about = {"name": path.name, "number": job.number, "key": key, **about}
    (part_path / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    settle(part_path, path)
    return {**about, **counts}


def _part(setup: Setup, reader: Reader, name: str, sources: Sequence[Any]) -> Part:
    different, places = distinct(tuple(s) if isinstance(s, list) else s for s in sources)
    kind = setup.specs[name]["kind"]
    digests = [reader.digest(kind, source) for source in different]
    return Part(different, [*map(digest_of, different)], digests, places)


def _written(
    folder: Path, setup: Setup, job: Job, parts: Mapping[str, Part], known: Known
) -> tuple[dict[str, Any], dict[str, int]]:
    """Writes the arrays; what is to be said of them, and how they came about."""
    arrays, wrong, counts = {}, [], {"made": 0, "copied": 0}
    for name, part in parts.items():
        arrays[name], messages = _values(setup, name, part, known, counts)
        wrong += [
            Wrong(row, name, messages[place])
            for row, place in enumerate(part.places)
            if place is not None and place in messages
        ]
        if name not in setup.optional:
            message = f"is empty; fill it, or build the model with optional=({name!r},)"
            wrong += [Wrong(row, name, message) for row, p in enumerate(part.places) if p is None]
    labels = {}
    for name, task in setup.read_tasks.items():
        labels[name], found = read_targets(job.cells[name], task)
        wrong += [Wrong(row, name, message) for row, message in found.items()]
    kept = np.setdiff1d(np.arange(len(job.positions)), [each.row for each in wrong])
    files = {ROWS: write_array(folder / ROWS, np.asarray(job.positions, np.int64)[kept])}
    for name, part in parts.items():
        index = np.array([ABSENT if p is None else p for p in part.places], np.int64)[kept]
        used = np.unique(index[index != ABSENT])
        places = np.full(len(part.sources) + 1, ABSENT, np.int32)
        places[used] = np.arange(len(used))
        stored = {
            "values": arrays[name][used],
            "index": places[index],  # ABSENT takes the last place, which is ABSENT
            "digests": np.array([part.digests[place] for place in used], DIGEST),
            "names": np.array([part.names[place] for place in used], DIGEST),
        }
        for what, array in stored.items():
            file = file_of(name, what)
            files[file] = write_array(folder / file, array)
    for name, array in labels.items():
        file = file_of(name, "labels")
        files[file] = write_array(folder / file, array[kept])
    about = {
        "setup": setup.key,
        "inputs": {name: setup.key_of(name) for name in parts},
        "rows": len(kept),
        "bytes": sum((folder / file).stat().st_size for file in files),
        "sha256": files,
        "problems": [[job.lines[each.row], each.name, each.message] for each in sorted(wrong)],
    }
    return about, counts


def _values(
    setup: Setup, name: str, part: Part, known: Known, counts: dict[str, int]
) -> tuple[np.ndarray, dict[int, str]]:
    """The arrays of the distinct sources, and what was wrong with some by their place."""
    spec = setup.read_specs[name]
    values = np.zeros((len(part.sources), *spec.shape), spec.dtype)
    messages = {}
    for place, (source, digest) in enumerate(zip(part.sources, part.digests, strict=True)):
        found = known.value(name, digest)
        if found is not None:
            values[place] = found
            counts["copied"] += 1
            continue
        counts["made"] += 1
        try:
            values[place] = load_input(source, spec, setup.tokenizer)
        except (ValueError, OSError) as error:
            messages[place] = str(error)
    return values, messages


def _task(fields: Mapping[str, Any]) -> Any:
    """JSON has no tuples."""
    own = {name: value for name, value in fields.items() if name != "kind"}
    return TASKS[fields["kind"]](
        **{name: tuple(of) if isinstance(of, list) else of for name, of in own.items()}
    )
