"""A recipe: everything that defines a model, as plain data that prints, compares and travels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import AudioSpec, ClassifySpec, ImageSpec, TextSpec

NATIVE_PX = {"cnn": 64}  # side a backbone was designed for; the ImageNet families take 224
NATIVE_LENGTH = {"minilm": 32}
VOCABULARY = {"minilm": 30_522}  # fixed by the pre-trained tokenizer


@dataclass(frozen=True)
class Image:
    """A picture input: `branch` names its backbone, `size_px` is (height, width).

    `weights` is None (from scratch) or "imagenet"; `trainable=False` freezes the backbone;
    `fit` is how a picture of another shape comes to size: "stretch", "pad" or "crop".
    """

    kind: ClassVar[str] = "image"
    branch: str = "cnn"
    size_px: tuple[int, int] | None = None  # None: the backbone's own
    weights: str | None = None
    trainable: bool = True
    fit: str = "stretch"

    @property
    def spec(self) -> ImageSpec:
        side = NATIVE_PX.get(self.branch, 224)
        return ImageSpec(*(self.size_px or (side, side)), fit=self.fit)


@dataclass(frozen=True)
class Text:
    """A text input of `length` tokens out of at most `vocabulary` kinds; None: the branch's own."""

    kind: ClassVar[str] = "text"
    branch: str = "embedding"
    length: int | None = None
    vocabulary: int | None = None
    weights: str | None = None
    trainable: bool = True

    @property
    def spec(self) -> TextSpec:
        return TextSpec(NATIVE_LENGTH.get(self.branch, 16) if self.length is None else self.length)

    @property
    def tokens(self) -> int:
        """Rows of the embedding table."""
        return self.vocabulary or VOCABULARY.get(self.branch, 2_000)


@dataclass(frozen=True)
class Audio:
    """A sound input, cut or padded to `clip_ms`; the graph computes `mels` log-mel bands."""

    kind: ClassVar[str] = "audio"
    branch: str = "cnn"
    clip_ms: int = 1_500
    rate_hz: int = 16_000
    mels: int = 64
    hop_ms: int = 16
    weights: str | None = None
    trainable: bool = True

    @property
    def spec(self) -> AudioSpec:
        return AudioSpec(self.rate_hz, self.clip_ms, self.hop_ms, mels=self.mels)


@dataclass(frozen=True)
class Classify:
    """One of several classes; give the labels, or how many there are."""

    kind: ClassVar[str] = "classify"
    labels: Iterable[str] | int
    weight: float = 1.0  # of its loss, beside the other outputs

    def __post_init__(self) -> None:
        given = self.labels
        labels = tuple(map(str, range(given) if isinstance(given, int) else given))
        if isinstance(given, str) or len(set(labels)) != len(labels) or len(labels) < 2:
            raise ValueError(f"Classify wants two or more different labels. Received: {given!r}")
        object.__setattr__(self, "labels", labels)

    @property
    def spec(self) -> ClassifySpec:
        assert isinstance(self.labels, tuple)  # __post_init__ saw to it
        return ClassifySpec(self.labels)


INPUTS = {"image": Image, "text": Text, "audio": Audio}
OUTPUTS = {"classify": Classify}


@dataclass(frozen=True)
class Recipe:
    """Names to specs. `width` is the length of the vector that each branch brings to the fusion;
    `optional` names the inputs that may be absent."""

    inputs: Mapping[str, Image | Text | Audio]
    outputs: Mapping[str, Classify]
    fusion: str = "self_attention"
    width: int = 128
    optional: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.inputs or not self.outputs:
            raise ValueError("a model wants at least one input and one output")
        both = set(self.inputs) & set(self.outputs)
        if both:
            raise ValueError(f"{both.pop()!r} names an input and an output; rename one of them")
        object.__setattr__(self, "optional", tuple(self.optional))
        for name in self.optional:
            pick(self.inputs, name, "optional input")
        if set(self.inputs) == set(self.optional) and len(self.inputs) == 1:
            raise ValueError(f"the only input, {self.optional[0]!r}, cannot be optional")

    @property
    def specs(self) -> dict[str, ImageSpec | TextSpec | AudioSpec]:
        return {name: source.spec for name, source in self.inputs.items()}

    def only(self, *names: str) -> Recipe:
        """The same recipe with fewer inputs: a baseline."""
        inputs = {name: pick(self.inputs, name, "input") for name in names}
        optional = tuple(n for n in self.optional if n in names) if len(names) > 1 else ()
        return dataclasses.replace(self, inputs=inputs, optional=optional)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "inputs": {name: _to_dict(value) for name, value in self.inputs.items()},
            "outputs": {name: _to_dict(value) for name, value in self.outputs.items()},
            "fusion": self.fusion,
            "width": self.width,
            "optional": list(self.optional),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Recipe:
        """Raises ValueError for an unknown kind or field."""
        known = {f.name: f for f in dataclasses.fields(cls)}
        fields = {name: value for name, value in fields.items() if pick(known, name, "field")}
        for part, table in (("inputs", INPUTS), ("outputs", OUTPUTS)):
            fields[part] = {n: _from_dict(value, table) for n, value in fields[part].items()}
        return cls(**fields)


def _to_dict(value: Any) -> dict[str, Any]:
    return {"kind": value.kind, **dataclasses.asdict(value)}


def _from_dict(fields: Mapping[str, Any], table: Mapping[str, type]) -> Any:
    cls = pick(table, fields["kind"], "kind")
    known = {f.name: f for f in dataclasses.fields(cls)}
    values = {}
    for name, value in fields.items():
        if name != "kind":
            pick(known, name, f"field of {cls.__name__}")
            values[name] = tuple(value) if isinstance(value, list) else value  # JSON has no tuples
    return cls(**values)
