"""Every number that training and the device share; a `.tflite` file carries them in its card."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

FORMAT_VERSION = 1  # of card.json; a reader refuses a newer one
PAD_ID = 0  # token id that fills a text; embeddings mask it
FITS = ("stretch", "pad", "crop")  # "pad": whole picture, borders; "crop": no borders, cut


@dataclass(frozen=True)
class ImageSpec:
    """How a picture becomes a model input: uint8 RGB, (height_px, width_px, 3)."""

    kind: ClassVar[str] = "image"
    dtype: ClassVar[str] = "uint8"
    height_px: int = 64
    width_px: int = 64
    background: int = 255  # grey level (0 to 255) behind transparent pixels and around "pad"
    fit: str = "stretch"  # one of FITS

    def __post_init__(self) -> None:
        _check_positive(self, "height_px", "width_px")
        if self.fit not in FITS:
            raise ValueError(f"unknown fit {self.fit!r}; choose from {', '.join(FITS)}")

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.height_px, self.width_px, 3)


@dataclass(frozen=True)
class TextSpec:
    """How a text becomes a model input: int32 token ids, (length,), padded with `PAD_ID`."""

    kind: ClassVar[str] = "text"
    dtype: ClassVar[str] = "int32"
    length: int = 32
    limit_chars: int = 10_000  # a longer text is refused before it is tokenised

    def __post_init__(self) -> None:
        _check_positive(self, "length", "limit_chars")

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.length,)


@dataclass(frozen=True)
class AudioSpec:
    """How a sound becomes a model input: float32 mono PCM in -1 to 1, (samples,).

    The log-mel numbers describe what the graph computes from it.
    """

    kind: ClassVar[str] = "audio"
    dtype: ClassVar[str] = "float32"
    rate_hz: int = 16_000
    clip_ms: int = 1_500
    hop_ms: int = 16
    window_hops: int = 2  # a whole number of hops, so that framing is a reshape
    mels: int = 64

    def __post_init__(self) -> None:
        _check_positive(self, "rate_hz", "clip_ms", "hop_ms", "window_hops", "mels")
        if self.samples < 1:
            raise ValueError(f"audio: {self.clip_ms} ms hold no whole hop of {self.hop_ms} ms")

    @property
    def samples(self) -> int:
        return self.frames * self.hop_samples

    @property
    def hop_samples(self) -> int:
        return self.rate_hz * self.hop_ms // 1_000

    @property
    def frames(self) -> int:
        return self.clip_ms // self.hop_ms

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.samples,)


@dataclass(frozen=True)
class ClassifySpec:
    """How an output reads: one probability a label, float32, (labels,)."""

    kind: ClassVar[str] = "classify"
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))


def _check_positive(spec: Any, *names: str) -> None:
    for name in names:
        value = getattr(spec, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{spec.kind}: wanted a whole {name} above 0, received {value!r}")


InputSpec = ImageSpec | TextSpec | AudioSpec
OutputSpec = ClassifySpec

INPUT_SPECS: dict[str, type] = {"image": ImageSpec, "text": TextSpec, "audio": AudioSpec}
OUTPUT_SPECS: dict[str, type] = {"classify": ClassifySpec}


def presence_name(name: str) -> str:
    """The graph input that says whether the optional input `name` is there: float32 (), 1 or 0."""
    return f"{name}_present"


@dataclass(frozen=True)
class Card:
    """What an exported file says of itself; `card.json` inside the file.

    `inputs` and `outputs` are by name, `optional` lists the inputs that may be absent, `precision`
    is the number format, `metrics` are those of the float Keras model and of this very file on the
    same rows, `versions` are the packages that made it, `sha256` the hashes of what it carries.
    """

    inputs: Mapping[str, InputSpec]
    outputs: Mapping[str, OutputSpec]
    optional: tuple[str, ...] = ()
    precision: str = "float32"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    sha256: Mapping[str, str] = field(default_factory=dict)
    model_bytes: int = 0  # the TFLite model is the first so many bytes of the file
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
        fields["optional"] = tuple(fields["optional"])
        fields["notes"] = tuple(fields["notes"])
        return cls(**fields)


_JSON_TYPES: dict[str, type] = {
    **dict.fromkeys(("inputs", "outputs", "metrics", "versions", "sha256", "recipe"), dict),
    **dict.fromkeys(("optional", "notes"), list),
    "precision": str,
    "model_bytes": int,
}


def spec_to_dict(spec: InputSpec | OutputSpec) -> dict[str, Any]:
    return {"kind": spec.kind, **dataclasses.asdict(spec)}


def spec_from_dict(fields: Mapping[str, Any], table: Mapping[str, type]) -> Any:
    """Raises ValueError for a kind or a field that this version does not know."""
    kind = fields.get("kind") if isinstance(fields, Mapping) else fields
    if kind not in tuple(table):
        raise ValueError(
            f"unknown kind {kind!r} in the card; this version knows {', '.join(table)}"
        )
    try:
        return table[kind](**{name: value for name, value in fields.items() if name != "kind"})
    except TypeError as error:
        raise ValueError(f"the card's {kind} cannot be read: {error}") from error
