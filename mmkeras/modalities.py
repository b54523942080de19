"""What a model takes: one spec a modality, plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from mmkeras_edge.specs import AudioSpec, ImageSpec, SensorSpec, TableSpec, TextSpec, VideoSpec

NATIVE_PX = {"cnn": 64}  # side a backbone was designed for; the ImageNet families take 224
NATIVE_LENGTH = {"minilm": 32}
VOCABULARY = {"minilm": 30_522}  # fixed by the pre-trained tokenizer


@dataclass(frozen=True)
class Image:
    """A picture input: `branch` is a backbone's name or a `keras.Model`, `size_px` (height, width).

    `weights` is None (from scratch), "imagenet" or a path; `trainable` False freezes the backbone,
    a number above 0 and below 1 trains that share of its last layers. `fit` is how a picture of
    another shape comes to size: "stretch", "pad" or "crop". `scales` is how many of the backbone's
    last stages give features, `views` how many pictures of one thing go through the same weights.
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

    `units` and `layers` are the width and depth of the encoder. `weights` is None, "pretrained"
    for a branch that has such, or the path of a file of word vectors.
    """

    kind: ClassVar[str] = "text"
    branch: Any = "embedding"
    length: int | None = None
    vocabulary: int | None = None
    units: int | None = None
    layers: int | None = None
    weights: str | None = None
    trainable: bool = True

    @property
    def spec(self) -> TextSpec:
        return TextSpec(
            _own(NATIVE_LENGTH, self.branch, 16) if self.length is None else self.length
        )

    @property
    def tokens(self) -> int:
        """Rows of the embedding table."""
        return self.vocabulary or _own(VOCABULARY, self.branch, 2_000)


@dataclass(frozen=True)
class Audio:
    """A sound input, cut or padded to `clip_ms`.

    The graph computes its `front`: "log_mel", `mels` bands a frame of `hop_ms`, or "mfcc".
    `spec_augment` hides bands and frames in training.
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
    """A window of `channels` readings; each is normalised in the graph as the training rows are."""

    kind: ClassVar[str] = "sensor"
    channels: int
    rate_hz: float = 50.0
    window_ms: int = 2_000
    branch: str = "cnn"
    units: int | None = None
    layers: int | None = None
    trainable: bool = True

    @property
    def spec(self) -> SensorSpec:
        return SensorSpec(self.channels, self.rate_hz, self.window_ms)


@dataclass(frozen=True)
class Table:
    """Named numbers, and named categories with the values that each may have."""

    kind: ClassVar[str] = "table"
    numbers: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    branch: str = "mlp"
    units: int | None = None
    layers: int | None = None
    trainable: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(self.numbers))
        values = {name: tuple(labels) for name, labels in self.categories.items()}
        object.__setattr__(self, "categories", values)

    @property
    def spec(self) -> TableSpec:
        return TableSpec(self.numbers, self.categories)


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


def _own(table: Mapping[str, int], branch: Any, usual: int) -> int:
    """What a branch has of its own; a backbone given as a model has no name to look up."""
    return table.get(branch, usual) if isinstance(branch, str) else usual


def _size_px(branch: Any, size_px: tuple[int, int] | None) -> tuple[int, int]:
    side = _own(NATIVE_PX, branch, 224)
    return size_px or (side, side)
