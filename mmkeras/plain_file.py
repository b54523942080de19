"""A file of plain data, YAML or JSON: read with the line of each key, and written as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import yaml

Key = tuple[str, ...]  # ("inputs", "image", "branch")


def read_plain(path: Path) -> tuple[Any, dict[Key, int]]:
    """The data of a file, and the line of each key; JSON, which ends in .json, tells no lines.

    YAML is read by its version 1.2: 1e-3 is a number, `no` a word. Raises FileNotFoundError, and
    ValueError with file and line for what is none, and for a key that is given twice.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    text = path.read_text(encoding="utf-8")
    return _json(path, text) if path.suffix == ".json" else _yaml(path, text)


def write_json(path: Path, value: Any) -> None:
    """Complete or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def fail(path: Path, line: int | None, key: Key, message: object) -> NoReturn:
    """Raises ValueError with all that is known of where."""
    where = f"{path}:{line}" if line else str(path)
    raise ValueError(": ".join([where, *([".".join(key)] if key else []), str(message)]))


class _Loader(yaml.SafeLoader):
    """Plain data alone, by the core schema of YAML 1.2, chapter 10.3: 1.1 reads 1e-3 as a word and
    the label `no` as false."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first
    )
_Loader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(loader.construct_scalar(node))
)
_Loader.add_constructor(
    "tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node))
)


def _yaml(path: Path, text: str) -> tuple[Any, dict[Key, int]]:
    """The data, and the line of each key."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines: dict[Key, int] = {}
        for key, line in _places(node):
            if key in lines:
                fail(path, line, key, f"is given twice, first on line {lines[key]}")
            lines[key] = line
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        fail(path, mark.line + 1 if mark else None, (), f"no YAML: {error.problem}")
    except yaml.YAMLError as error:  # a character that may not be there
        fail(path, None, (), f"no YAML: {error}")
    finally:
        loader.dispose()


def _places(node: yaml.Node, under: Key = ()) -> Iterator[tuple[Key, int]]:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            key = (*under, str(name.value))
            yield key, name.start_mark.line + 1
            yield from _places(value, key)


def _json(path: Path, text: str) -> tuple[Any, dict[Key, int]]:
    try:
        return json.loads(text, object_pairs_hook=_once), {}
    except json.JSONDecodeError as error:
        fail(path, error.lineno, (), f"no JSON: {error.msg}")
    except KeyError as error:
        fail(path, None, (), f"{error.args[0]!r} is given twice in one object")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise KeyError(name)
        found[name] = value
    return found
