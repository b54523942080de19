"""What every language says of a file, and names that every language takes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras_edge.graph import Port, port_of
from mmkeras_edge.outputs import OutputSpec
from mmkeras_edge.runner import Model
from mmkeras_edge.specs import InputSpec, presence_name

FIELDS = (  # of specs: numbers that whoever fills a tensor wants to know
    "height_px",
    "width_px",
    "background",
    "fit",
    "views",
    "length",
    "rate_hz",
    "clip_ms",
    "channels",
    "window_ms",
)


@dataclass(frozen=True)
class Entry:
    """An input of the graph; `present` is its presence input, where it may be absent."""

    name: str
    spec: InputSpec
    port: Port
    present: str | None

    @property
    def about(self) -> str:
        shape = " x ".join(map(str, self.spec.shape))
        absent = ", may be absent" if self.present else ""
        return f"{self.spec.kind}, {self.port.dtype} {shape}{absent}"

    @property
    def facts(self) -> dict[str, Any]:
        """Numbers of the spec by name, with their units; those of quantised integers too."""
        found = {field: getattr(self.spec, field, None) for field in FIELDS}
        facts = {field: value for field, value in found.items() if value is not None}
        return facts | quantisation(self.port)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of a sensor's channels or a table's fields, in their order in the tensor."""
        return (*getattr(self.spec, "names", ()), *getattr(self.spec, "fields", ()))


@dataclass(frozen=True)
class Exit:
    """An output of the graph."""

    name: str
    spec: OutputSpec
    port: Port

    @property
    def labels(self) -> tuple[str, ...]:
        return getattr(self.spec, "labels", ())

    @property
    def about(self) -> str:
        unit = getattr(self.spec, "unit", "")
        return f"{self.spec.kind}{f', in {unit}' if unit else ''}, {self.port.dtype}"


@dataclass(frozen=True)
class Face:
    """A file as its callers see it: `title` is for a type, `file` for a comment."""

    title: str
    file: str
    signature: str
    sha256: str
    entries: tuple[Entry, ...]
    exits: tuple[Exit, ...]


def face_of(model: Model) -> Face:
    card, graph = model.file.card, model.graph
    name = os.path.basename(model.file.path)
    return Face(
        title=pascal(os.path.splitext(name)[0]),
        file=in_comment(name),
        signature=graph.signature,
        sha256=card.sha256["model"],
        entries=tuple(
            Entry(
                n, spec, port_of(graph.inputs[n]), presence_name(n) if n in card.optional else None
            )
            for n, spec in card.inputs.items()
        ),
        exits=tuple(Exit(n, s, port_of(graph.outputs[n])) for n, s in card.outputs.items()),
    )


def quantisation(port: Port) -> dict[str, Any]:
    return {"scale": port.scale, "zero_point": port.zero} if port.scale else {}


def count(port: Port) -> int:
    return int(np.prod(port.shape, dtype=int))


def pascal(text: str) -> str:
    """A name for a type: LeftCamera of "left-camera"."""
    return "".join(word[:1].upper() + word[1:] for word in _words(text)) or "Model"


def camel(text: str) -> str:
    """A name for a value: leftCamera of "left-camera"."""
    title = pascal(text)
    return title[:1].lower() + title[1:]


def upper(text: str) -> str:
    """A name for a constant: LEFT_CAMERA of "left-camera"."""
    return "_".join(_words(text)).upper() or "NAME"


def named(
    texts: Iterable[str], style: Callable[[str], str], reserved: Collection[str] = ()
) -> dict[str, str]:
    """Names in a style for texts, each once: what is taken or reserved gets a number."""
    found: dict[str, str] = {}
    for text in texts:
        name, number = style(text), 2
        while name in found.values() or name in reserved:
            name, number = f"{style(text)}{number}", number + 1
        found[text] = name
    return found


def quoted(text: str, escapes: Mapping[str, str], code: Callable[[int], str]) -> str:
    """A string of the language; `code` is how it writes a letter that is not printable."""
    shown = []
    for letter in text:
        if letter in escapes:
            shown.append(escapes[letter])
        elif letter.isprintable():
            shown.append(letter)
        else:  # a control character, a line end, half of a surrogate
            shown.append(code(ord(letter)))
    return f'"{"".join(shown)}"'


def in_comment(text: str) -> str:
    """What cannot end a comment."""
    return "".join(c if c.isprintable() else "?" for c in text).replace("*/", "* /")


def _words(text: str) -> list[str]:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return [f"N{words[0]}", *words[1:]] if words and words[0][0].isdigit() else words
