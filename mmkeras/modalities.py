"""What a model takes: one spec a modality, plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mmkeras_edge.inputs import pick
from mmkeras_edge.recording import read_recording
from mmkeras_edge.specs import AudioSpec, ImageSpec, SensorSpec, TableSpec, TextSpec, VideoSpec
from mmkeras_edge.table import category, is_missing

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest

USUAL_PX = 224
NATIVE_PX = {  # side that a backbone was designed for, where it is not the usual one
    "cnn": 64,
    "cifar_cnn": 32,
    "efficientnet_b1": 240,
    "efficientnet_b2": 260,
    "efficientnet_b3": 300,
    "efficientnet_b4": 380,
    "efficientnet_b5": 456,
    "efficientnet_b6": 528,
    "efficientnet_b7": 600,
    "efficientnet_v2_b1": 240,
    "efficientnet_v2_b2": 260,
    "efficientnet_v2_b3": 300,
    "efficientnet_v2_s": 384,
    "efficientnet_v2_m": 480,
    "efficientnet_v2_l": 480,
    "inception_resnet_v2": 299,
    "inception_v3": 299,
    "nasnet_large": 331,
    "xception": 299,
}
NATIVE_LENGTH = {"minilm": 32}
VOCABULARY = {"minilm": 30_522}  # fixed by the pre-trained tokenizer
SLIPS = 0.1  # share of words in a column of numbers up to which they are taken for slips
HUB = "keras_hub/"  # what the name of a KerasHub preset begins with


@dataclass(frozen=True)
class Image:
    """A picture input: `branch` is a backbone's name, "keras_hub/PRESET" or a `keras.Model`, which
    is given raw pixels, 0 to 255, as float; `size_px` is (height, width).

    `weights` is None (from scratch; a preset or a model has its own), "imagenet" or the path of a
    file; `trainable` False freezes the backbone, a number above 0 and below 1 trains that share of
    its last layers. Batch normalisation trains only where all does, and from scratch. `fit` is how
    a picture of another shape comes to size: "stretch", "pad" or "crop". `scales` is how many of
    the backbone's last stages give features, `views` how many pictures of one thing go through the
    same weights.
    """

    kind: ClassVar[str] = "image"
    branch: Any = "cnn"
    size_px: tuple[int, int] | None = None  # None: the backbone's own
    weights: str | None = None
    trainable: bool | float = True
    fit: str = "stretch"
    scales: int = 1
    views: int = 1

    @property
    def spec(self) -> ImageSpec:
        return ImageSpec(*_size_px(self.branch, self.size_px), fit=self.fit, views=self.views)


@dataclass(frozen=True)
class Text:
    """A text input of `length` tokens out of at most `vocabulary` kinds; None: the branch's own.

    `branch` is the name of an encoder, a KerasHub backbone or "keras_hub/PRESET". `units` and
    `layers` are the width and depth of the encoder, `units` each way where it reads both ways.
    `weights` is None, "pretrained" for a branch that has such, or the path of a file of word
    vectors. `tokenizer` is the path of a tokenizer.json, which all texts share; None: the branch's
    own, or one trained on the training rows.
    """

    kind: ClassVar[str] = "text"
    branch: Any = "embedding"
    length: int | None = None
    vocabulary: int | None = None
    units: int | None = None
    layers: int | None = None
    weights: str | None = None
    trainable: bool = True
    tokenizer: str | None = None

    @property
    def spec(self) -> TextSpec:
        return TextSpec(
            _own(NATIVE_LENGTH, self.branch, 16) if self.length is None else self.length
        )

    @property
    def tokens(self) -> int | None:
        """Rows of the embedding table; None where a backbone alone knows."""
        if self.vocabulary is None and is_hub(self.branch):
            return hub_rows(self.branch["config"]) if isinstance(self.branch, Mapping) else None
        return self.vocabulary or _own(VOCABULARY, self.branch, 2_000)


@dataclass(frozen=True)
class Audio:
    """A sound input, cut or padded to `clip_ms`.

    The graph computes its `front`: "log_mel", `mels` bands a frame of `hop_ms`, or "mfcc".
    `spec_augment` hides bands and frames in training. `branch` is an encoder over time or what a
    picture's may be; `units` and `layers` are the width and depth of an encoder. `weights` is
    None, a path, or for a picture's backbone "imagenet".
    """

    kind: ClassVar[str] = "audio"
    branch: Any = "cnn"
    clip_ms: int = 1_500
    rate_hz: int = 16_000
    mels: int = 64
    hop_ms: int = 16
    front: str = "log_mel"
    spec_augment: bool = False
    units: int | None = None
    layers: int | None = None
    weights: str | None = None
    trainable: bool | float = True

    @property
    def spec(self) -> AudioSpec:
        return AudioSpec(self.rate_hz, self.clip_ms, self.hop_ms, mels=self.mels)


@dataclass(frozen=True)
class Sensor:
    """A window of `channels` readings; each is normalised in the graph as the training rows are.

    `names` are what a file's header calls the channels, in this order; without, a file has just
    these channels. `units` and `layers` are the width and depth of the branch.
    """

    kind: ClassVar[str] = "sensor"
    channels: int
    rate_hz: float = 50.0
    window_ms: int = 2_000
    branch: str = "cnn"
    units: int | None = None
    layers: int | None = None
    trainable: bool = True
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))

    @property
    def spec(self) -> SensorSpec:
        return SensorSpec(self.channels, self.rate_hz, self.window_ms, self.names)

    @classmethod
    def of(cls, manifest: Manifest, name: str = "sensor", **options: Any) -> Sensor:
        """The channels, and where it has times the rate, of the first recording that can be read.

        `options` are the other fields of a Sensor, or a `rate_hz` of your own.
        """
        error: Exception = ValueError(f"{manifest.path}: no row has the input {name!r}")
        for path in manifest.column(name):
            try:
                if path is not None:
                    with open(path, "rb") as file:
                        found = read_recording(file, repr(path))
                    channels = 1 if found.values.ndim == 1 else found.values.shape[1]
                    seen = {"channels": channels, "names": found.names, "rate_hz": found.rate_hz}
                    return cls(**{**{k: v for k, v in seen.items() if v is not None}, **options})
            except (ValueError, OSError) as failure:
                error = failure
        raise error


@dataclass(frozen=True)
class Table:
    """Named numbers, and named categories with the values that each may have.

    `units` and `layers` are the width and depth of the branch.
    """

    kind: ClassVar[str] = "table"
    numbers: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    branch: str = "mlp"
    units: int | None = None
    layers: int | None = None
    trainable: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(self.numbers))
        values = {name: tuple(map(str, labels)) for name, labels in self.categories.items()}
        object.__setattr__(self, "categories", values)

    @property
    def spec(self) -> TableSpec:
        return TableSpec(self.numbers, self.categories)

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        name: str = "table",
        categories: Iterable[str] = (),
        **options: Any,
    ) -> Table:
        """The fields of a manifest's table: numbers where every cell is one, else categories.

        Give the training rows, so that a value which they never have counts as unknown; an empty
        cell, "n/a" and the like are none.
        `categories` names fields that are, though digits: a code, a floor. `options` are the other
        fields of a Table. Raises ValueError for a field without any value, and for one that is a
        number in nearly every row: the others are slips.
        """
        cells = {
            column: [cell.strip() for cell in manifest.table[column] if not is_missing(cell)]
            for column in manifest.columns(name)
        }
        for column in categories:
            pick(cells, column, "field")
        for column, values in cells.items():
            if not values:
                raise ValueError(f"{manifest.path}: the field {column!r} is empty in every row")
            words = [value for value in values if not _is_number(value)]
            if 0 < len(words) < SLIPS * len(values) and column not in {*categories}:
                line = manifest.table.index[manifest.table[column].str.strip() == words[0]][0]
                raise ValueError(
                    f"{manifest.path}:{line}: {column}: {words[0]!r} is no number, as nearly all "
                    f"the others are; mend it, or say categories=({column!r},)"
                )
        numbers = [c for c in cells if c not in {*categories} and all(map(_is_number, cells[c]))]
        named = {c: tuple(sorted({*map(category, cells[c])})) for c in cells if c not in numbers}
        return cls(tuple(numbers), named, **options)


@dataclass(frozen=True)
class Video:
    """`frames` pictures spread evenly over a film: each through the backbone, then over `time`:
    "mean", "lstm", "gru" or "attention". The branch "cnn3d" sees all frames at once."""

    kind: ClassVar[str] = "video"
    branch: Any = "cnn"
    frames: int = 8
    size_px: tuple[int, int] | None = None
    time: str = "mean"
    units: int | None = None
    weights: str | None = None
    trainable: bool | float = True
    fit: str = "stretch"

    @property
    def spec(self) -> VideoSpec:
        return VideoSpec(self.frames, *_size_px(self.branch, self.size_px), fit=self.fit)


Modality = Image | Text | Audio | Sensor | Table | Video

MODALITIES: dict[str, type] = {  # by kind
    "image": Image,
    "text": Text,
    "audio": Audio,
    "sensor": Sensor,
    "table": Table,
    "video": Video,
}


def is_hub(branch: Any) -> bool:
    """Whether a text branch is a backbone: a model, one as plain data, or a KerasHub preset."""
    return branch.startswith(HUB) if isinstance(branch, str) else True


def hub_rows(fields: Mapping[str, Any]) -> int | None:
    """Rows of a KerasHub backbone's embedding table, of its config or attributes."""
    rows = (fields.get("vocabulary_size"), fields.get("vocab_size"))  # the latter in ELECTRA
    return next(filter(None, rows), None)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def _own(table: Mapping[str, int], branch: Any, usual: int) -> int:
    """What a branch has of its own; a backbone given as a model has no name to look up."""
    return table.get(branch, usual) if isinstance(branch, str) else usual


def _size_px(branch: Any, size_px: tuple[int, int] | None) -> tuple[int, int]:
    side = _own(NATIVE_PX, branch, USUAL_PX)
    return size_px or _built_px(branch) or (side, side)


def _built_px(branch: Any) -> tuple[int, int] | None:
    """(height, width) that a model was built for, given as such or as plain data."""
    if isinstance(branch, Mapping):
        fields = branch["config"]
        first = fields["layers"][0]["config"] if fields.get("layers") else {}
        shape = first.get("batch_shape") or (None, *(fields.get("image_shape") or ()))
    else:
        shape = getattr(branch, "input_shape", ())
    if len(shape) != 4 or None in shape[1:3]:
        return None
    return shape[1], shape[2]
