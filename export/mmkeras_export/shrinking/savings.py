"""What a shrinking step brought: sizes of the exported file, and honestly, its time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from mmkeras.run import Run
from mmkeras_export.comparison import medians_ms
from mmkeras_export.converting.conversion import convert
from mmkeras_export.converting.signature import inputs_of
from mmkeras_export.pricing import compressed_bytes
from mmkeras_export.shrinking.kernels import kernels_of

NO_SPEED = (
    "No speed: the device multiplies zeros and shared values like all others. What is smaller is "
    "the download; whole channels have to go for speed."
)


@dataclass(frozen=True)
class Size:
    """Of a model: its kernels, its float32 file, and its time."""

    weights: int  # in the kernels that pruning and clustering take
    zeros: float  # share of them
    values: int  # different ones in the kernel that has most
    file_bytes: int
    compressed_bytes: int  # as a download or an app's package has it
    ms: float  # of a sample on the device's runtime, on this machine


@dataclass(frozen=True)
class Savings:
    """A model before and after; prints what came of it."""

    before: Size
    after: Size

    @property
    def is_slimmer(self) -> bool:
        """Whether weights are gone, not only zero: then there may be speed."""
        return self.after.weights < self.before.weights

    @property
    def compressed_share(self) -> float:
        """Of the compressed file before."""
        return self.after.compressed_bytes / self.before.compressed_bytes

    def __str__(self) -> str:
        old, new = self.before, self.after
        lines = [
            f"zeros       {new.zeros:.1%} of {new.weights:,} weights, were {old.zeros:.1%}"
            + (f" of {old.weights:,}" if self.is_slimmer else ""),
            f"values      {new.values:,} different ones in a kernel, were {old.values:,}",
            f"file        {new.file_bytes / 1e3:,.0f} kB, was {old.file_bytes / 1e3:,.0f} kB",
            f"compressed  {new.compressed_bytes / 1e3:,.0f} kB, was "
            f"{old.compressed_bytes / 1e3:,.0f} kB: {self.compressed_share:.1%}",
            f"a sample    {new.ms:.2f} ms, was {old.ms:.2f} ms",
        ]
        return "\n".join(lines if self.is_slimmer else [*lines, NO_SPEED])


def savings_of(
    before: keras.Model | Run,
    after: keras.Model | Run,
    feed: Mapping[str, np.ndarray] | None = None,
) -> Savings:
    """Converts both and measures them, turn by turn, with rows by input name, (N, ...), or zeros.

    Raises ConversionError for what the device cannot run.
    """
    models = [of.model if isinstance(of, Run) else of for of in (before, after)]
    lites = [convert(model) for model in models]
    given = inputs_of(models[0]).items()
    zeros = {name: np.zeros((1, *of.shape[1:]), of.dtype) for name, of in given}
    times_ms = medians_ms(lites, zeros if feed is None else feed)
    return Savings(*map(_size, models, lites, times_ms))


def _size(model: keras.Model, lite: bytes, ms: float) -> Size:
    values = [kernel.numpy() for kernel in kernels_of(model)]
    weights = sum(each.size for each in values)
    return Size(
        weights=weights,
        zeros=sum(int((each == 0).sum()) for each in values) / max(weights, 1),
        values=max((len(np.unique(each)) for each in values), default=0),
        file_bytes=len(lite),
        compressed_bytes=compressed_bytes(lite),
        ms=ms,
    )
