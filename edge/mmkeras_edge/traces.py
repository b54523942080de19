"""What decoding gave, before resizing and resampling, in so few numbers that they travel along.

A picture is its height and width, then the mean levels of 8 x 8 fields of red, green and blue; a
sound its rate, the number of its samples and channels, then the root mean squares of 32 parts of
equal length, in thousandths of full scale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmkeras_edge.audio import decoded_audio
from mmkeras_edge.image import decoded_image
from mmkeras_edge.specs import AudioSpec, ImageSpec, InputSpec

FIELDS = 8  # a side of a picture
PARTS = 32  # of a sound
FULL_SCALE = 1_000.0


def trace_of(raw: Any, spec: InputSpec) -> np.ndarray:
    """float32 (views, numbers) of a raw input whose kind is in `TRACED`; raises as its loader."""
    of = TRACED[spec.kind]
    views = raw if getattr(spec, "views", 1) > 1 else [raw]
    return np.stack([of(view, spec) for view in views]).astype(np.float32)


def traces_of(raws: Mapping[str, Any], specs: Mapping[str, InputSpec]) -> dict[str, np.ndarray]:
    """Those of a sample's raw inputs."""
    return {n: trace_of(raw, specs[n]) for n, raw in raws.items() if specs[n].kind in TRACED}


def _of_image(raw: Any, spec: ImageSpec) -> np.ndarray:
    pixels = decoded_image(raw, spec)
    height, width, _ = pixels.shape
    rows = np.add.reduceat(pixels, _starts(height, FIELDS), axis=0, dtype=np.float64)
    sums = np.add.reduceat(rows, _starts(width, FIELDS), axis=1)
    counts = np.outer(_counts(height, FIELDS), _counts(width, FIELDS))
    return np.concatenate([[height, width], (sums / counts[..., None]).ravel()])


def _of_audio(raw: Any, spec: AudioSpec) -> np.ndarray:
    samples, rate_hz = decoded_audio(raw, spec)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    powers = np.square(samples.reshape(len(samples), -1), dtype=np.float64).mean(axis=1)
    means = np.add.reduceat(powers, _starts(len(powers), PARTS)) / _counts(len(powers), PARTS)
    return np.concatenate([[rate_hz, len(samples), channels], FULL_SCALE * np.sqrt(means)])


def _starts(length: int, parts: int) -> np.ndarray:
    """Where `parts` parts begin; of fewer pixels or samples, some begin at the same."""
    return np.arange(parts) * length // parts


def _counts(length: int, parts: int) -> np.ndarray:
    """Their lengths, as `reduceat` has them: what begins where the next does holds one."""
    return np.maximum(np.diff(np.append(_starts(length, parts), length)), 1)


TRACED: dict[str, Callable[..., np.ndarray]] = {"image": _of_image, "audio": _of_audio}
