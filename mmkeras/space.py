"""A space to search: which values each field of a recipe or a training may take."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.plain_file import fail, read_plain
from mmkeras.recipe import Recipe
from mmkeras.series import Variant
from mmkeras.settings import changed
from mmkeras.training import Training
from mmkeras_edge.inputs import pick

Space = Mapping[str, "Sequence[Any] | Range"]  # by field, as `mmkeras.settings.changed` takes it


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole ones where both are. `log`: as many
    between 1 and 10 as between 10 and 100."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            wanted = "0 < min < max" if self.log else "min < max"
            raise ValueError(f"wanted a range with {wanted}. Received: {self.low}, {self.high}")

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


def read_space(path: str | os.PathLike[str]) -> dict[str, list[Any] | Range]:
    """Reads a YAML or JSON file of fields: a list of choices, or {min: ..., max: ..., log: true}.

    Raises ValueError with file, line and field.
    """
    path = Path(path)
    plain, lines = read_plain(path)
    if not isinstance(plain, dict) or not plain:
        fail(path, None, (), "wanted fields with their choices")
    found = {}
    for field, value in plain.items():
        try:
            found[str(field)] = as_choices(value)
        except ValueError as error:
            fail(path, lines.get((str(field),)), (str(field),), error)
    return found


def as_choices(value: Any) -> list[Any] | Range:
    """What plain data says of a field."""
    if isinstance(value, Range):
        return value
    if isinstance(value, Mapping):
        for name in value:
            pick(dict.fromkeys(("min", "max", "log")), name, "part of a range:")
        if not all(type(value.get(name)) in (int, float) for name in ("min", "max")):
            raise ValueError(f"a range wants numbers as min and max. Received: {dict(value)}")
        return Range(value["min"], value["max"], bool(value.get("log", False)))
    if isinstance(value, list | tuple) and value:
        return list(value)
    raise ValueError(f"wanted a list of choices, or a range with min and max. Received: {value!r}")


def parse_vary(said: str) -> tuple[str, list[Any] | Range]:
    """One field of a space as text.

    >>> parse_vary("fusion=concat,gated"), parse_vary("width=32,64"), parse_vary("hidden=8;8,4")
    (('fusion', ['concat', 'gated']), ('width', [32, 64]), ('hidden', ['8', '8,4']))
    >>> parse_vary("training.learning_rate=1e-4..1e-2:log")
    ('training.learning_rate', Range(low=0.0001, high=0.01, log=True))
    """
    field, equals, text = said.partition("=")
    if not equals or not text.strip():
        raise ValueError(f"--vary {said}: wanted FIELD=A,B,C or FIELD=LOW..HIGH or LOW..HIGH:log")
    bounds, _, scale = text.partition(":")
    low, dots, high = bounds.partition("..")
    if dots and scale in ("", "log"):
        try:
            return field.strip(), Range(_number(low), _number(high), scale == "log")
        except ValueError as error:
            raise ValueError(f"--vary {said}: {error}") from None
    parts = text.split(";") if ";" in text or text.lstrip().startswith("{") else text.split(",")
    return field.strip(), _numbers([part.strip() for part in parts])


def read_varied(said: Sequence[str]) -> dict[str, list[Any] | Range]:
    """Several fields as text. Raises ValueError for one that is named twice."""
    found: dict[str, list[Any] | Range] = {}
    for each in said:
        field, choices = parse_vary(each)
        if field in found:
            raise ValueError(f"--vary {each}: {field} is varied already")
        found[field] = choices
    return found


def settings_of(values: Mapping[str, Any]) -> list[str]:
    """Values by field as `changed` reads them."""
    return [f"{field}={_text(value)}" for field, value in values.items()]


def varied(variant: Variant, values: Mapping[str, Any]) -> Variant:
    """The same with some fields changed. Raises ValueError for values that cannot be."""
    return Variant(*changed(variant.recipe, variant.training, settings_of(values)))


def grid(recipe: Recipe, training: Training, space: Space) -> dict[str, Variant]:
    """Every combination of the choices of a space, by a name that says it.

    Raises ValueError for a range, which has no end of choices, and for what cannot be.
    """
    lists = []
    for field, choices in space.items():
        if isinstance(choices, Range):
            raise ValueError(f"{field}: a comparison wants choices, A,B,C; a range can be searched")
        lists.append(choices)
    found = {}
    for chosen in itertools.product(*lists):
        values = dict(zip(space, chosen, strict=True))
        name = " ".join(settings_of(values)) if len(values) > 1 else _text(chosen[0])
        found[name] = varied(Variant(recipe, training), values)
    return found


def check(variant: Variant, space: Space) -> None:
    """Raises ValueError for a field or a choice that cannot be, each tried by itself."""
    if not space:
        raise ValueError("an empty space: name fields and their choices")
    for field, choices in space.items():
        if field.replace(" ", "") == "training.seed":
            raise ValueError("training.seed is no field to search: luck is not learned")
        ends = [choices.low, choices.high] if isinstance(choices, Range) else choices
        for value in ends:
            varied(variant, {field: value})


def plain(space: Space) -> dict[str, Any]:
    """As JSON and `read_space` have it."""
    return {
        field: {"min": of.low, "max": of.high, "log": of.log} if isinstance(of, Range) else list(of)
        for field, of in space.items()
    }


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"wanted a number. Received: {text!r}")
    return value


def _numbers(parts: list[str]) -> list[Any]:
    """Numbers where all are whole or all are not: a search may take them in their order."""
    try:
        found = [_number(part) for part in parts]
    except ValueError:
        return parts
    return found if len(set(map(type, found))) == 1 else parts


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
