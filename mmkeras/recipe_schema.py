"""The JSON schema of recipe files, made from the dataclasses and tables, so that editors help."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from mmkeras.choices import CHOICES, options_of
from mmkeras.fields import comments, kinds, schema_of
from mmkeras.fusion import FUSIONS
from mmkeras.modalities import HUB, MODALITIES
from mmkeras.recipe import Recipe
from mmkeras.settings import OWN
from mmkeras.tasks import TASKS
from mmkeras.training import Training

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALSO_HUB = ("image", "text", "audio", "video")  # kinds whose branch may be a KerasHub preset


def recipe_schema() -> dict[str, Any]:
    """A schema, draft 2020-12, that a `Recipe` as YAML or JSON fulfils, with `training` or not.

    It has the names of all tables; what depends on more than one field, such as which branch has
    `units`, is for `load_recipe` and `assemble` to say.
    """
    return {
        "$schema": DIALECT,
        "title": "A recipe of mmkeras",
        "description": _first_paragraph(Recipe),
        "type": "object",
        "properties": {
            "inputs": _named(MODALITIES),
            "outputs": _named(TASKS),
            "fusion": _fusions(),
            **{name: schema_of(kinds(Recipe)[name]) for name in OWN if name != "fusion"},
            "training": _object(Training, "training"),
        },
        "required": ["inputs", "outputs"],
        "additionalProperties": False,
        "$defs": {
            cls.__name__: _object(cls, kind)
            for table in (MODALITIES, TASKS)
            for kind, cls in table.items()
        },
    }


def _named(table: dict[str, type]) -> dict[str, Any]:
    """Things of these kinds by names of one's own."""
    each = [{"$ref": f"#/$defs/{cls.__name__}"} for cls in table.values()]
    return {"type": "object", "minProperties": 1, "additionalProperties": {"oneOf": each}}


def _object(cls: Any, kind: str) -> dict[str, Any]:
    said = comments(cls)
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(cls):
        schema = _field(kind, field.name, kinds(cls)[field.name])
        if field.default is not dataclasses.MISSING:
            schema["default"] = field.default
        elif field.default_factory is dataclasses.MISSING and field.name != "labels":
            required.append(field.name)  # labels may be left to the manifest
        if field.name in said:
            schema["description"] = said[field.name]
        properties[field.name] = schema
    if kind != "training":
        properties = {"kind": {"const": kind}, **properties}
        required.insert(0, "kind")
    return {
        "type": "object",
        "description": _first_paragraph(cls),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _field(kind: str, field: str, of: Any) -> dict[str, Any]:
    if field == "branch":
        names: dict[str, Any] = {"enum": list(CHOICES[kind, field])}
        if kind not in ALSO_HUB:
            return names
        return {"anyOf": [names, {"type": "string", "pattern": f"^{HUB}"}, {"type": "object"}]}
    if (kind, field) in CHOICES:
        return {"enum": list(CHOICES[kind, field])}
    return schema_of(of)


def _fusions() -> dict[str, Any]:
    each = []
    for name, cls in FUSIONS.items():
        options = {option: _option(default) for option, default in options_of(name).items()}
        each.append(
            {
                "type": "object",
                "description": _first_paragraph(cls),
                "properties": {"name": {"const": name}, **options},
                "required": ["name"],
                "additionalProperties": False,
            }
        )
    return {"anyOf": [{"enum": list(FUSIONS)}, *each]}


def _option(default: Any) -> dict[str, Any]:
    """An option of a fusion; only whether it is on or off is certain from what it usually is: a
    place among the inputs may also be a name."""
    return (
        {"type": "boolean", "default": default}
        if isinstance(default, bool)
        else ({} if default is None else {"default": default})
    )


def _first_paragraph(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
