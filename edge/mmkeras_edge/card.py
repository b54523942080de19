"""What an exported file says of itself."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mmkeras_edge.outputs import OUTPUT_SPECS, OutputSpec
from mmkeras_edge.specs import INPUT_SPECS, InputSpec

FORMAT_VERSION = 1  # of card.json; a reader refuses a newer one


@dataclass(frozen=True)
class Card:
    """What an exported file says of itself; `card.json` inside the file.

    `inputs` and `outputs` are by name, `optional` lists the inputs that may be absent, `precision`
    is the number format and `formats` that of each part, `metrics` are those of the float Keras
    model and of this very file on the same rows, `versions` are the packages that made it, `sha256`
    the hashes of what it carries.
    """

    inputs: Mapping[str, InputSpec]
    outputs: Mapping[str, OutputSpec]
    optional: tuple[str, ...] = ()
    precision: str = "float32"
    formats: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)
    model_bytes: int = 0  # the TFLite model is the first so many bytes of the file
    branches_root: int = 0  # 0: the model runs as a whole alone
    recipe: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    format_version: int = FORMAT_VERSION

    def to_json(self) -> str:
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        fields["inputs"] = {name: spec_to_dict(spec) for name, spec in self.inputs.items()}
        fields["outputs"] = {name: spec_to_dict(spec) for name, spec in self.outputs.items()}
        return json.dumps(fields, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Card:
        """Raises ValueError if the card is newer than this reader, or no card."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"card.json is no JSON: {error}") from error
        if not isinstance(fields, dict) or "format_version" not in fields:
            raise ValueError("card.json holds no format_version; was it written by mmkeras_export?")
        version = fields["format_version"]
        if version != FORMAT_VERSION:
            raise ValueError(
                f"the file has format version {version}, this mmkeras_edge reads {FORMAT_VERSION}; "
                "upgrade with: pip install -U 'mmkeras[edge]'"
            )
        known = {f.name for f in dataclasses.fields(cls)}
        fields = {name: value for name, value in fields.items() if name in known}
        for name, wanted in _JSON_TYPES.items():
            if not isinstance(fields.setdefault(name, wanted()), wanted):
                raise ValueError(f"card.json: {name} is {fields[name]!r}, no {wanted.__name__}")
        fields["inputs"] = {n: spec_from_dict(d, INPUT_SPECS) for n, d in fields["inputs"].items()}
        fields["outputs"] = {
            n: spec_from_dict(d, OUTPUT_SPECS) for n, d in fields["outputs"].items()
        }
        for name in ("optional", "notes"):
            fields[name] = tuple(fields[name])
            _check("card.json", name, fields[name], "tuple[str, ...]")
        return cls(**fields)


_JSON_TYPES: dict[str, type] = {
    **dict.fromkeys(
        ("inputs", "outputs", "formats", "metrics", "versions", "sha256", "recipe"), dict
    ),
    **dict.fromkeys(("optional", "notes"), list),
    "precision": str,
    "model_bytes": int,
    "branches_root": int,
}


def spec_to_dict(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"kind": spec.kind, **dataclasses.asdict(spec)}


def spec_from_dict(fields: Mapping[str, Any], table: Mapping[str, type]) -> Any:
    """Raises ValueError for a kind or a field that this version does not know, and for a value of
    another type than its field's."""
    kind = fields.get("kind") if isinstance(fields, Mapping) else fields
    if kind not in tuple(table):
        raise ValueError(
            f"unknown kind {kind!r} in the card; this version knows {', '.join(table)}"
        )
    try:
        spec = table[kind](**{name: value for name, value in fields.items() if name != "kind"})
    except (TypeError, OverflowError) as error:
        raise ValueError(f"the card's {kind} cannot be read: {error}") from error
    for each in dataclasses.fields(spec):
        _check(f"the card's {kind}", each.name, getattr(spec, each.name), str(each.type))
    return spec


def _check(what: str, name: str, value: Any, wanted: str) -> None:
    """JSON holds what it likes, and a stranger's holds what would break far from here."""
    each, _, several = wanted.removeprefix("tuple[").partition(", ...")
    if each not in _PLAIN:  # a mapping; its spec reads it
        return
    values = value if several else (value,)
    if not all(_PLAIN[each](found) for found in values):
        raise ValueError(f"{what}: {name} is {value!r:.80}, wanted {wanted}")


_PLAIN: dict[str, Callable[[Any], bool]] = {  # type of a field -> whether a value is of it
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int),
    "float": lambda value: isinstance(value, (int, float)) and abs(value) <= sys.float_info.max,
}
