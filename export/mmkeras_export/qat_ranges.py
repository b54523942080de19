"""The ranges that quantization-aware training found, by the names of a file's tensors."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from mmkeras_export.qat_model import QuantizationAware
from mmkeras_export.ranges import Ranges, Sample, activation_values

ALIKE = 1e-4  # of the largest value: two runtimes add in different orders


def learned_ranges(aware: keras.Model, lite: bytes, sample: Sample) -> Ranges:
    """For `quantize(..., learned=...)` of the float file of the same model.

    The converter renames and merges, so a tensor is recognised by what it holds: for one sample,
    the numbers that the model has at one of its places. Whatever is not recognised, as what a
    layer computes within, keeps the range of the calibration. Raises ValueError where nothing is:
    then it is the file of another model, or of other weights.
    """
    if not isinstance(aware, QuantizationAware):
        raise ValueError(f"wanted a model that qat made. Received: {aware!r}")
    places = {
        number: values.ravel()
        for number, values in aware.float_values(sample).items()
        if np.ptp(values) > 0  # all alike they would be recognised everywhere
    }
    (tensors,) = activation_values(lite, [sample])
    found: Ranges = {}
    for name, tensor in tensors.items():
        for number, values in places.items():
            if _alike(tensor.ravel(), values):
                ends = (aware.ranges[number].low, aware.ranges[number].high)
                low, high = (ops.convert_to_numpy(end).reshape([1] * tensor.ndim) for end in ends)
                if low < high:
                    found[name] = {"min": low, "max": high}
                break
    if not found:
        raise ValueError("no tensor of the file holds what the model computes: convert it anew")
    return found


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    return bool(np.abs(one - other).max() <= ALIKE * np.abs(other).max())
