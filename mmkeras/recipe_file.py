"""A recipe in a file, YAML or JSON, read with errors that say where."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from mmkeras.choices import check_choice, check_fusion
from mmkeras.fields import from_plain, kinds
from mmkeras.modalities import MODALITIES
from mmkeras.plain_file import Key, fail, read_plain
from mmkeras.recipe import Recipe
from mmkeras.tasks import TASKS
from mmkeras.training import Training
from mmkeras_edge.inputs import pick

PLACEHOLDER = 2  # labels of a task that names none: those of the manifest take their place


class RecipeFile(NamedTuple):
    """What a file says: a recipe, and how to train it. `labels` of an output that were left out or
    given as a number are placeholders, see `mmkeras.starting`."""

    recipe: Recipe
    training: Training


def load_recipe(path: str | os.PathLike[str]) -> RecipeFile:
    """Reads a file that ends in .yaml, .yml or .json: the fields of a `Recipe`, and `training`.

    Raises FileNotFoundError, and ValueError that names the file, in YAML the line, and the key.
    """
    path = Path(path)
    return _Reader(path, *read_plain(path)).all()


@dataclasses.dataclass(frozen=True)
class _Reader:
    path: Path
    plain: Any
    lines: Mapping[Key, int]

    def all(self) -> RecipeFile:
        fields = self._mapping((), self.plain)
        of = {**kinds(Recipe), "training": Training}
        for name in fields:
            self._pick(of, name, (name,), "field of a recipe")
        values: dict[str, Any] = {}
        for part, table in (("inputs", MODALITIES), ("outputs", TASKS)):
            if part not in fields:
                self._fail((), f"no {part}; `mmkeras recipes --save NAME` writes a whole one")
            each = self._mapping((part,), fields[part])
            values[part] = {n: self._of_kind((part, n), each[n], table) for n in each}
        for name in set(fields) - {"inputs", "outputs", "training"}:
            values[name] = self._value((name,), fields[name], of[name])
        self._try(("fusion",), check_fusion, values.get("fusion", "self_attention"))
        training = self._dataclass(("training",), fields.get("training") or {}, Training)
        return RecipeFile(self._try((), Recipe, **values), training)

    def _of_kind(self, key: Key, plain: Any, table: Mapping[str, type]) -> Any:
        fields = dict(self._mapping(key, plain))
        if "kind" not in fields:
            self._fail(key, f"say its kind: one of {', '.join(table)}")
        kind = fields.pop("kind")
        cls = self._pick(table, str(kind), (*key, "kind"), "kind")
        if "labels" in kinds(cls) and cls.__name__ != "Binary" and fields.get("labels") is None:
            fields["labels"] = PLACEHOLDER
        return self._dataclass(key, fields, cls)

    def _dataclass(self, key: Key, plain: Any, cls: type) -> Any:
        of, values = kinds(cls), {}
        kind = getattr(cls, "kind", "training")
        for name, value in self._mapping(key, plain).items():
            wanted = self._pick(of, name, (*key, name), f"field of {cls.__name__}")
            values[name] = self._value((*key, name), value, wanted)
            self._try((*key, name), check_choice, kind, name, values[name])
        made = self._try(key, cls, **values)
        self._try(key, getattr, made, "spec", None)  # checks sizes
        return made

    def _mapping(self, key: Key, plain: Any) -> Mapping[str, Any]:
        if not isinstance(plain, dict):
            self._fail(key, f"wanted names with values. Received: {plain!r}")
        return {str(name): value for name, value in plain.items()}

    def _value(self, key: Key, value: Any, kind: Any) -> Any:
        return self._try(key, from_plain, value, kind)

    def _pick(self, table: Mapping[str, Any], name: str, key: Key, what: str) -> Any:
        return self._try(key, pick, table, name, what)

    def _try(self, key: Key, call: Any, *args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except (ValueError, TypeError) as error:  # TypeError: a field is missing
            self._fail(key, error)

    def _fail(self, key: Key, message: object) -> NoReturn:
        while key and key not in self.lines and self.lines:
            key = key[:-1]
        fail(self.path, self.lines.get(key), key, message)
