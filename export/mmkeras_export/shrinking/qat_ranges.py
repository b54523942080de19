"""The ranges that quantization-aware training found, by the names of a file's tensors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.run import Run
from mmkeras_export.quantizing.ranges import Ranges, Sample, activation_values
from mmkeras_export.shrinking.qat_model import QuantizationAware

ALIKE = 1e-4  # of the largest value: two runtimes add in different orders
LOOKS = 4  # samples: each optional input is missing in one of four
RANGES = "ranges"  # in `run.about`: [place, lowest, highest] of each place where it rounded


@singledispatch
def learned_ranges(of: Any, lite: bytes, samples: Sequence[Sample]) -> Ranges:
    """For `quantize(..., learned=...)` of the float file of the same model.

    `of` is a model of `qat`, or a run: none for one that `qat` did not train last. The converter
    renames and merges, so a tensor is recognised by what it holds: for the first few samples, the
    numbers that the model has at one of its places. Whatever is not recognised, as what a layer
    computes within, keeps the range of the calibration. Raises ValueError where nothing is: then it
    is the file of another model, or of other weights.
    """
    raise TypeError(f"wanted a model that qat made, or a run. Received: {of!r}")


@learned_ranges.register
def _of_model(of: keras.Model, lite: bytes, samples: Sequence[Sample]) -> Ranges:
    if not isinstance(of, QuantizationAware):
        raise ValueError(f"wanted a model that qat made. Received: {of!r}")
    if not samples:
        raise ValueError("wanted samples to recognise the tensors of the file by, received none")
    few, alike = samples[:LOOKS], dict[str, list[int]]()
    varied: set[int] = set()  # what is always the same would be recognised everywhere
    for sample, tensors in zip(few, activation_values(lite, few), strict=True):
        places = {number: each.ravel() for number, each in of.float_values(sample).items()}
        varied |= {number for number, values in places.items() if np.ptp(values) > 0}
        for name, tensor in tensors.items():
            among = alike.get(name, list(places))
            alike[name] = [n for n in among if _alike(tensor.ravel(), places[n])]
    found: Ranges = {}
    for name, tensor in tensors.items():
        for number in alike[name]:
            ends = (of.ranges[number].low, of.ranges[number].high)
            low, high = (ops.convert_to_numpy(end).reshape([1] * tensor.ndim) for end in ends)
            if number in varied and low < high:
                found[name] = {"min": low, "max": high}
                break
    if not found:
        raise ValueError("no tensor of the file holds what the model computes: convert it anew")
    return found


@learned_ranges.register
def _of_run(of: Run, lite: bytes, samples: Sequence[Sample]) -> Ranges:
    if RANGES not in of.about:
        return {}
    aware = QuantizationAware(of.model.input, of.model.output, name=of.model.name)
    stored = of.about[RANGES]
    if [place for place, _, _ in stored] != [place.name for place in aware.places]:
        raise ValueError(
            "the ranges of this run are those of another model: train it once more with qat"
        )
    for (_, *ends), where in zip(stored, aware.ranges, strict=True):
        for variable, end in zip((where.low, where.high), ends, strict=True):
            if where.span is None:
                variable.assign(end)
    return learned_ranges(aware, lite, samples)


def plain_ranges(aware: QuantizationAware) -> list[list[Any]]:
    """[place, lowest, highest] of each place in order, for JSON."""
    return [
        [place.name, *(float(ops.convert_to_numpy(end)) for end in (where.low, where.high))]
        for place, where in zip(aware.places, aware.ranges, strict=True)
    ]


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    return bool(np.abs(one - other).max() <= ALIKE * np.abs(other).max())
