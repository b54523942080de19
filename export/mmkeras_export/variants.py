"""One way to store a model: made, and measured on the device's runtime before it is a file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import keras
import numpy as np

from mmkeras.prepared import Prepared
from mmkeras_edge.outputs import OutputSpec
from mmkeras_export.comparison import Arrays, Comparison, compare, medians_ms, run_lite
from mmkeras_export.converting.conversion import Converted
from mmkeras_export.gate import ALL, failures
from mmkeras_export.parts import Part
from mmkeras_export.pricing import compressed_bytes, ram_mb
from mmkeras_export.quantizing.islands import islands_of
from mmkeras_export.quantizing.number_formats import FORMATS
from mmkeras_export.quantizing.quantization import quantized
from mmkeras_export.quantizing.ranges import Ranges, Sample, activation_ranges
from mmkeras_export.targets import Target

FLOAT = "float32"


@dataclass(frozen=True)
class Variant:
    """A model in some number formats: `comparisons` with Keras by what was left out, `wrong` the
    reasons for which the gate refuses it."""

    name: str
    formats: Mapping[str, str]  # by part
    comparisons: Mapping[str, Comparison]
    model_bytes: int
    compressed_bytes: int  # what a download or a package takes
    ms: float  # of one sample on this machine, once `timed`
    ram_mb: float  # that a process takes for it, beside the runtime's own
    wrong: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # on layers that had to stay float

    @property
    def seen(self) -> Comparison:
        """With all inputs."""
        return self.comparisons[ALL]

    @property
    def agreement(self) -> float:
        """The least of all outputs."""
        return min(self.seen.agreement.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        seen = {condition: c.to_dict() for condition, c in self.comparisons.items()}
        return {**vars(self), "comparisons": seen, "formats": dict(self.formats)}


class Made(NamedTuple):
    """The bytes, and what is known of them."""

    lite: bytes
    variant: Variant


@dataclass(frozen=True)
class Workbench:
    """A trained model, its float32 file, and all that its variants are measured by."""

    model: keras.Model
    lite: bytes
    parts: Mapping[str, Part]
    samples: Sequence[Sample]  # what activations are calibrated on
    learned: Ranges  # those that training found
    conditions: Mapping[str, Prepared]  # rows by what was left out
    expected: Mapping[str, Arrays]  # what Keras answers, likewise
    specs: Mapping[str, OutputSpec]
    target: Target
    budget: float

    def stored(self, formats: Mapping[str, str]) -> Converted:
        """The model with a number format for each part."""
        most = self._most(formats)
        layers = {
            layer: formats[name]
            for name, part in self.parts.items()
            if formats[name] != most
            for layer in part.layers
        }
        calibrated = any(FORMATS[each].calibrated for each in formats.values())
        return quantized(
            self.lite,
            most,
            layers=self.target.borne(islands_of(self.model, most, layers)),
            learned=self._ranges if calibrated else None,
            borders="int8" if calibrated and self.target.integer_borders else "float",
        )

    def made(self, formats: Mapping[str, str]) -> Made:
        """The same, measured."""
        lite, notes = self.stored(formats)
        comparisons = {
            condition: compare(
                self.expected[condition], run_lite(lite, rows.feed()), rows.answers(), self.specs
            )
            for condition, rows in self.conditions.items()
        }
        ram = ram_mb(lite)
        exact = all(FORMATS[each].exact for each in formats.values())
        wrong = failures(comparisons, exact, self.budget)
        if ram > self.target.budget_mb:
            wrong.append(f"takes {ram:,.0f} MB of memory, allowed {self.target.budget_mb:,.0f}")
        variant = Variant(
            self.name(formats),
            formats,
            comparisons,
            model_bytes=len(lite),
            compressed_bytes=compressed_bytes(lite),
            ms=math.nan,
            ram_mb=ram,
            wrong=tuple(wrong),
            notes=notes,
        )
        return Made(lite, variant)

    def timed(self, tried: Sequence[Made]) -> list[Made]:
        """With milliseconds, for which all files take turns."""
        feed = self.conditions[ALL].feed(np.arange(1))
        times = medians_ms([made.lite for made in tried], feed)
        return [
            made._replace(variant=replace(made.variant, ms=ms))
            for made, ms in zip(tried, times, strict=True)
        ]

    def uniform(self, precision: str) -> dict[str, str]:
        """One number format for all parts."""
        return dict.fromkeys(self.parts, precision)

    def name(self, formats: Mapping[str, str]) -> str:
        """For people: "int8 but text dynamic_int8"."""
        most = self._most(formats)
        others = [f"{part} {each}" for part, each in formats.items() if each != most]
        return f"{most} but {', '.join(others)}" if others else most

    def cost(self, formats: Mapping[str, str]) -> float:
        """Multiply-adds, a faster format's as fewer: the order of the time on the target."""
        return sum(p.macs / self.target.speed(formats[name]) for name, p in self.parts.items())

    def _most(self, formats: Mapping[str, str]) -> str:
        """The format of most multiply-adds."""
        macs = dict.fromkeys(formats.values(), 0)
        for name, part in self.parts.items():
            macs[formats[name]] += part.macs
        return max(macs, key=macs.__getitem__)

    @cached_property
    def _ranges(self) -> Ranges:
        """Of every activation; once for all variants."""
        return activation_ranges(self.lite, self.samples) | self.learned
