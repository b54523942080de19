"""Fields of a dataclass by their types: read from text, checked as plain data, said in words."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Union

NONE = ("none", "null")
BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
COMMENT = re.compile(r"^    (?P<name>\w+): .*?  # (?P<comment>.+)$", re.M)


def kinds(cls: type) -> dict[str, Any]:
    """The types of a dataclass's fields by name."""
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def comments(cls: type) -> dict[str, str]:
    """What stands beside the fields of a dataclass in its source, where something does."""
    return {found["name"]: found["comment"] for found in COMMENT.finditer(inspect.getsource(cls))}


def from_text(text: str, kind: Any) -> Any:
    """The value of a type that a text spells: "0.4", "true", "none", "96x96", '{"name": "gated"}'.

    Of a union, the first that fits, None and numbers before words. Raises ValueError.

    >>> from_text("96x96", tuple[int, int] | None), from_text("none", tuple[int, int] | None)
    ((96, 96), None)
    >>> from_text("1_000", int | str), from_text("a,b", tuple[str, ...])
    (1000, ('a', 'b'))
    """
    for member in _members(kind):
        try:
            return _READERS[_sort(member)](text.strip(), member)
        except ValueError:
            continue
    raise ValueError(f"wanted {in_words(kind)}. Received: {text!r}")


def from_plain(value: Any, kind: Any) -> Any:
    """The same of what JSON or YAML gives: lists become tuples, whole numbers floats if wanted.

    Raises ValueError for what is of another type.

    >>> from_plain([96, 96], tuple[int, int] | None)
    (96, 96)
    """
    for member in _members(kind):
        try:
            return _plain(value, member)
        except ValueError:
            continue
    raise ValueError(f"wanted {in_words(kind)}. Received: {value!r}")


def in_words(kind: Any) -> str:
    """A type for a reader.

    >>> in_words(tuple[int, int] | None), in_words(bool | float)
    ('2 whole numbers, 96x96 or 96,96, or none', 'true or false or a number')
    """
    names = [_word(member) for member in _members(kind) if member is not type(None)]
    return " or ".join(names) + (", or none" if type(None) in _members(kind) else "")


def schema_of(kind: Any) -> dict[str, Any]:
    """A type as JSON schema."""
    each = [_schema(member) for member in _members(kind)]
    return each[0] if len(each) == 1 else {"anyOf": each}


def _members(kind: Any) -> list[Any]:
    """Of a union its types, the strictest first; else the type alone."""
    if typing.get_origin(kind) not in (Union, types.UnionType):
        return [kind]
    return sorted(typing.get_args(kind), key=lambda member: list(_READERS).index(_sort(member)))


def _sort(kind: Any) -> Any:
    """The key of a type in the tables below."""
    origin = typing.get_origin(kind) or kind
    if origin in (tuple, Iterable):
        return tuple
    return origin if origin in _READERS else Any


def _item(kind: Any) -> Any:
    return typing.get_args(kind)[0]


def _length(kind: Any) -> int | None:
    """Of a tuple of so many; None of any number."""
    of = typing.get_args(kind)
    return len(of) if typing.get_origin(kind) is tuple and of[-1] is not Ellipsis else None


def _none(text: str, kind: Any) -> None:
    if text.lower() not in NONE:
        raise ValueError(text)


def _boolean(text: str, kind: Any) -> bool:
    if text.lower() not in BOOLEANS:
        raise ValueError(text)
    return BOOLEANS[text.lower()]


def _number(text: str, kind: Any) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _several(text: str, kind: Any) -> tuple[Any, ...]:
    if text.startswith("["):
        return _plain(_json(text, list), kind)
    item = _item(kind)
    parts = re.split("[x,]" if item is int else ",", text) if text else []
    return _counted(tuple(from_text(part, item) for part in parts), kind)


def _counted(values: tuple[Any, ...], kind: Any) -> tuple[Any, ...]:
    if _length(kind) not in (None, len(values)):
        raise ValueError(values)
    return values


def _mapping(text: str, kind: Any) -> Any:
    return _plain(_json(text, dict), kind)


def _json(text: str, kind: type) -> Any:
    value = json.loads(text)  # raises a ValueError
    if not isinstance(value, kind):
        raise ValueError(text)
    return value


def _word_itself(text: str, kind: Any) -> str:
    if not text:
        raise ValueError(text)
    return text


_READERS: dict[Any, Callable[[str, Any], Any]] = {  # the order is that of trying
    type(None): _none,
    bool: _boolean,
    int: lambda text, kind: int(text),
    float: _number,
    tuple: _several,
    Mapping: _mapping,
    str: _word_itself,
    Any: _word_itself,
}


def _plain(value: Any, kind: Any) -> Any:
    sort = _sort(kind)
    if sort is Any:
        return value
    if sort is tuple and isinstance(value, list | tuple):
        item = _item(kind)
        names = [str(v) if item is str and type(v) is int else v for v in value]  # labels 0, 1, 2
        return _counted(tuple(from_plain(each, item) for each in names), kind)
    if sort is Mapping and isinstance(value, dict):
        of = typing.get_args(kind)[1]
        return {str(name): from_plain(each, of) for name, each in value.items()}
    if sort is float and type(value) is int:
        return float(value)
    if sort not in (tuple, Mapping) and type(value) is sort:
        return value
    raise ValueError(value)


def _word(kind: Any) -> str:
    sort = _sort(kind)
    if sort is tuple:
        count, of = _length(kind), {int: "whole numbers", float: "numbers"}.get(_item(kind))
        if count == 2 and of == "whole numbers":
            return "2 whole numbers, 96x96 or 96,96"
        return f"{of or 'names'} with commas between"
    return {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        Mapping: "a JSON object",
    }.get(sort, "a word")


def _schema(kind: Any) -> dict[str, Any]:
    sort = _sort(kind)
    if sort is tuple:
        count = _length(kind)
        limits = {} if count is None else {"minItems": count, "maxItems": count}
        item = {"type": ["string", "integer"]} if _item(kind) is str else schema_of(_item(kind))
        return {"type": "array", "items": item, **limits}
    if sort is Mapping:
        return {"type": "object", "additionalProperties": schema_of(typing.get_args(kind)[1])}
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}
    return {"type": names[sort]} if sort in names else {}
