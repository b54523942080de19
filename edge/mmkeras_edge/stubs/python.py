"""A Python module: `load` gives a model whose `predict` a type checker knows."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from mmkeras_edge.stubs.face import Entry, Face, named, pascal

SOURCES = {  # what may be given for an input, by kind
    "image": "ImageSource",
    "text": "str",
    "audio": "AudioSource",
    "sensor": "SensorSource",
    "table": "TableSource",
    "video": "VideoSource",
}
READINGS = {  # what an output says, by kind
    "classify": "Scores",
    "ordinal": "Scores",
    "binary": "Scores",
    "multilabel": "Tags",
    "regress": "Value",
    "count": "Value",
    "gaussian": "Interval",
    "quantiles": "Interval",
}


def python(face: Face) -> str:
    title = face.title
    kinds = sorted({entry.spec.kind for entry in face.entries} - {"text"})
    readings = sorted({READINGS[out.spec.kind] for out in face.exits})
    imports = [f"from mmkeras_edge.{kind} import {SOURCES[kind]}" for kind in kinds]
    imports.append(f"from mmkeras_edge.readings import {', '.join(readings)}")
    names = named((out.name for out in face.exits if out.labels), pascal)
    labels = [
        f"{name}Label = Literal[{', '.join(map(repr, out.labels))}]"
        for out in face.exits
        if (name := names.get(out.name))
    ]
    answer = ", ".join(f"{out.name!r}: {READINGS[out.spec.kind]}" for out in face.exits)
    return f'''"""Typed face of {face.file}; written by `mmkeras-edge stubs`.

To be written again with the file.

{_listed(face)}
"""

from __future__ import annotations

import os
from typing import Any, Literal, Protocol, TypedDict, cast

import mmkeras_edge
{chr(10).join(imports)}

MODEL_SHA256 = "{face.sha256}"

{chr(10).join(labels)}
{title}Answer = TypedDict("{title}Answer", {{{answer}}})


class {title}(Protocol):
    """What `load` gives."""

    def predict({_parameters(face.entries)}) -> {title}Answer: ...

    def info(self) -> dict[str, Any]: ...


def load(path: str | os.PathLike[str], threads: int | None = None) -> {title}:
    """Opens the file; ValueError if it is another one than this was written for."""
    model = mmkeras_edge.load(path, threads)
    if model.file.card.sha256["model"] != MODEL_SHA256:
        raise ValueError(f"{{path!r}} is another model; write this again: mmkeras-edge stubs FILE")
    return cast({title}, model)
'''


def _parameters(entries: Iterable[Entry]) -> str:
    """By name; what is no name in Python goes as **{"left-camera": source}."""
    required, optional, others = [], [], []
    for entry in entries:
        kind = SOURCES[entry.spec.kind]
        if not entry.name.isidentifier() or keyword.iskeyword(entry.name) or entry.name == "self":
            others.append("**others: Any")
        elif entry.present:
            optional.append(f"{entry.name}: {kind} | None = None")
        else:
            required.append(f"{entry.name}: {kind}")
    named_ones = [*required, *optional]
    return ", ".join(["self", "/", *(["*"] if named_ones else []), *named_ones, *others[:1]])


def _listed(face: Face) -> str:
    lines = [f"{entry.name!r}: {_told(entry)}" for entry in face.entries]
    lines += [f"{out.name!r}: {out.about}" for out in face.exits]
    return "\n".join(line.replace("\\", "\\\\").replace('"""', '\\"""') for line in lines)


def _told(entry: Entry) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in entry.facts.items())
    return f"{entry.about}{f' ({facts})' if facts else ''}"
