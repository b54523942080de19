"""A recipe written as YAML with comments, to be changed by hand."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmkeras.choices import CHOICES
from mmkeras.fields import comments
from mmkeras.recipe import Recipe
from mmkeras.training import Training

SCHEMA = "# yaml-language-server: $schema={}"  # read by editors
SCHEMA_FILE = "mmkeras-recipe.schema.json"
PLAIN = re.compile(r"[A-Za-z_][\w./-]*")  # words that YAML reads as such, but for those below
NO_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
NULL = {"weights": "from scratch", "tokenizer": "trained on the texts, or the branch's own"}


def as_yaml(recipe: Recipe, about: str = "") -> str:
    """The text of a file that `load_recipe` reads; what a field may say stands beside it."""
    return "\n".join(_lines(recipe, about)) + "\n"


def _lines(recipe: Recipe, about: str) -> Iterator[str]:
    yield SCHEMA.format(SCHEMA_FILE)
    yield f"# {about or 'A recipe of mmkeras'}. Train it with"
    yield "#     mmkeras train MANIFEST ... --recipe THIS_FILE --out RUN"
    yield "# and see docs/zoo.md for what there is. `mmkeras recipes --schema` writes the schema"
    yield "# that the first line names: editors complete and check by it."
    plain = recipe.to_dict()
    for part, what in (("inputs", ""), ("outputs", "  # by the column of the labels")):
        yield f"{part}:{what}"
        for name, fields in plain[part].items():
            yield f"  {name}:"
            for field, value in fields.items():
                yield f"    {_line(field, value, _beside(fields['kind'], field, value))}"
    said = {field.name: "" for field in dataclasses.fields(Training)} | comments(Training)
    yield from (
        _line("fusion", plain["fusion"], "a name, or {name: perceiver, latents: 8}"),
        _line("width", plain["width"], "numbers that each input brings to the fusion"),
        _line("hidden", plain["hidden"], "units of dense layers behind the fusion"),
        _line("optional", plain["optional"], "inputs that may be absent"),
        _line(
            "modality_dropout",
            plain["modality_dropout"],
            "share of the samples that learn without one of the modalities",
        ),
        "# training:  # what is left out is as here",
    )
    for name in said:
        yield f"#   {_line(name, getattr(Training(), name), said[name])}"


def _line(name: str, value: Any, comment: str) -> str:
    return f"{name}: {_flow(value)}" + (f"  # {comment}" if comment else "")


def _beside(kind: str, field: str, value: Any) -> str:
    if field == "labels":
        return "a placeholder: the manifest's take its place" if _counted(value) else ""
    if (kind, field) in CHOICES:
        names = list(CHOICES[kind, field])
        return ", ".join(names) if len(names) < 12 else f"{', '.join(names[:6])}, ...: docs/zoo.md"
    return NULL.get(field, "the branch's own") if value is None else ""


def _counted(labels: Any) -> bool:
    """Whether labels are those that a number of classes gives."""
    return tuple(labels) == tuple(map(str, range(len(labels))))


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(n)}: {_flow(v)}" for n, v in value.items()) + "}"
    if isinstance(value, tuple | list):
        if value and value[0] == "0" and _counted(value):
            return str(len(value))
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str) and PLAIN.fullmatch(value) and value.lower() not in NO_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
