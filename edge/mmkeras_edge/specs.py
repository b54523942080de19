"""Every number of an input that training and the device share; a file carries them in its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

PAD_ID = 0  # token id that fills a text; embeddings mask it
FITS = ("stretch", "pad", "crop")  # "pad": whole picture, borders; "crop": no borders, cut


@dataclass(frozen=True)
class ImageSpec:
    """How a picture becomes a model input: uint8 RGB, (height_px, width_px, 3).

    With several `views` of one thing: (views, height_px, width_px, 3).
    """

    kind: ClassVar[str] = "image"
    dtype: ClassVar[str] = "uint8"
    height_px: int = 64
    width_px: int = 64
    background: int = 255  # grey level (0 to 255) behind transparent pixels and around "pad"
    fit: str = "stretch"  # one of FITS
    views: int = 1

    def __post_init__(self) -> None:
        _check_positive(self, "height_px", "width_px", "views")
        _check_fit(self.fit)

    @property
    def shape(self) -> tuple[int, ...]:
        picture = (self.height_px, self.width_px, 3)
        return picture if self.views == 1 else (self.views, *picture)


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
            raise ValueError(
                f"audio: {self.clip_ms} ms hold no whole hop of {self.hop_ms} ms, which is 4 "
                f"samples or more at {self.rate_hz} Hz"
            )

    @property
    def samples(self) -> int:
        return self.frames * self.hop_samples

    @property
    def hop_samples(self) -> int:
        """Rounded down to a multiple of 4: the graph folds a window twice."""
        return self.rate_hz * self.hop_ms // 4_000 * 4

    @property
    def frames(self) -> int:
        return self.clip_ms // self.hop_ms

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.samples,)


@dataclass(frozen=True)
class SensorSpec:
    """How readings become a model input: float32 (steps, channels), in the sensor's own units.

    `names` of the channels are what a file's header or a dict of channels is searched for.
    """

    kind: ClassVar[str] = "sensor"
    dtype: ClassVar[str] = "float32"
    channels: int = 1
    rate_hz: float = 50.0
    window_ms: int = 2_000
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.names))
        _check_positive(self, "channels", "window_ms")
        if self.names and len({*self.names}) != self.channels:
            raise ValueError(
                f"sensor: wanted {self.channels} different names, received {self.names}"
            )
        if not self.rate_hz > 0 or self.steps < 1:
            raise ValueError(
                f"sensor: {self.window_ms} ms hold no reading at a rate of {self.rate_hz!r} Hz"
            )

    @property
    def steps(self) -> int:
        return int(self.window_ms * self.rate_hz / 1_000)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.steps, self.channels)


@dataclass(frozen=True)
class TableSpec:
    """How named fields become a model input: float32 (numbers + categories,).

    First the numbers, NaN where there is none, then each category's place among its values,
    counted from 1; 0 is a value that is unknown or missing.
    """

    kind: ClassVar[str] = "table"
    dtype: ClassVar[str] = "float32"
    numbers: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", tuple(self.numbers))
        if not isinstance(self.categories, Mapping):
            raise ValueError(f"table: wanted values by category, received {self.categories!r}")
        values = {name: tuple(map(str, labels)) for name, labels in self.categories.items()}
        object.__setattr__(self, "categories", values)
        if not self.fields or len({*self.fields}) != len(self.fields):
            raise ValueError(f"table: wanted fields of different names, received {self.fields}")
        for name, labels in values.items():
            if not labels or len({*labels}) != len(labels):
                raise ValueError(f"table: {name} wants different values, received {labels}")

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.numbers, *self.categories)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.fields),)


@dataclass(frozen=True)
class VideoSpec:
    """How a film becomes a model input: uint8 RGB, (frames, height_px, width_px, 3).

    The frames are spread evenly over the whole of it.
    """

    kind: ClassVar[str] = "video"
    dtype: ClassVar[str] = "uint8"
    frames: int = 8
    height_px: int = 64
    width_px: int = 64
    background: int = 255
    fit: str = "stretch"

    def __post_init__(self) -> None:
        _check_positive(self, "frames", "height_px", "width_px")
        _check_fit(self.fit)

    @property
    def frame(self) -> ImageSpec:
        """How each of its frames becomes pixels."""
        return ImageSpec(self.height_px, self.width_px, self.background, self.fit)

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.frames, *self.frame.shape)


def _check_fit(fit: str) -> None:
    if fit not in FITS:
        raise ValueError(f"unknown fit {fit!r}; choose from {', '.join(FITS)}")


def _check_positive(spec: Any, *names: str) -> None:
    for name in names:
        value = getattr(spec, name)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{spec.kind}: wanted a whole {name} above 0, received {value!r}")


InputSpec = ImageSpec | TextSpec | AudioSpec | SensorSpec | TableSpec | VideoSpec

INPUT_SPECS: dict[str, type] = {  # by kind
    "image": ImageSpec,
    "text": TextSpec,
    "audio": AudioSpec,
    "sensor": SensorSpec,
    "table": TableSpec,
    "video": VideoSpec,
}


def presence_name(name: str) -> str:
    """The graph input that says whether the optional input `name` is there: float32 (), 1 or 0."""
    return f"{name}_present"
