"""The range of every activation over samples, which full int8 divides into 256 steps."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_edge.inputs import pick

Sample = Mapping[str, np.ndarray]  # arrays by input name, without batch axis
Ranges = dict[str, dict[str, np.ndarray]]  # tensor name -> {"min": ..., "max": ...}

# How much of an activation's values is left out at either end, as a share. One sample with a
# fault can widen a range until all others fall into a few of its steps.
CALIBRATIONS = {"min_max": 0.0, "percentile_99.99": 1e-4, "percentile_99.9": 1e-3}

# The runtime warns that keeping every tensor is meant for debugging; this is what it is for here.
DEBUGGING = ".*experimental_preserve_all_tensors.*"


def activation_ranges(
    lite: bytes, samples: Iterable[Sample], calibration: str = "min_max"
) -> Ranges:
    """The range of every float activation over the samples, by tensor name, for `quantize` of the
    same file as its `learned`.

    `calibration` is one of `CALIBRATIONS`. A moving average is none of them: it collapses outputs
    of few values. What has one value a sample, as the answer of a regression, keeps its true
    extremes by each, and so does whatever is too small for a share of it to be a whole value.
    Raises ValueError for no samples.
    """
    share = pick(CALIBRATIONS, calibration, "calibration")
    samples = list(samples)
    if not samples:
        raise ValueError(
            "int8 and int16 activations want calibration samples, received none; give samples=, "
            "rows by input name, of every class and every absence"
        )
    lows: dict[str, np.ndarray] = {}
    highs: dict[str, np.ndarray] = {}
    ranks = {}
    for activations in activation_values(lite, samples):
        for name, values in activations.items():
            ranks[name] = values.ndim
            left_out = int(share * values.size * len(samples)) if values.size > 1 else 0
            flat, none = values.ravel(), np.empty(0, values.dtype)
            low, high = _smallest(flat, left_out + 1), -_smallest(-flat, left_out + 1)
            lows[name] = _smallest(np.append(lows.get(name, none), low), left_out + 1)
            highs[name] = -_smallest(-np.append(highs.get(name, none), high), left_out + 1)
    return {
        name: {
            "min": lows[name].max().reshape([1] * rank),
            "max": highs[name].min().reshape([1] * rank),
        }
        for name, rank in ranks.items()
    }


def _smallest(values: np.ndarray, count: int) -> np.ndarray:
    """So many of the smallest, in no order: (N,) -> (count,), or all."""
    if count == 1:
        return values.min(keepdims=True)
    if len(values) <= count:
        return values
    return np.partition(values, count - 1)[:count]


def activation_values(lite: bytes, samples: Iterable[Sample]) -> Iterator[dict[str, np.ndarray]]:
    """Every float activation by tensor name, sample by sample."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=DEBUGGING)
        interpreter = Interpreter(model_content=lite, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    inputs = interpreter.get_signature_runner().get_input_details()
    tensors = _activations(lite, interpreter)
    for sample in samples:
        for name, tensor in inputs.items():
            interpreter.set_tensor(tensor["index"], np.asarray(sample[name])[np.newaxis])
        interpreter.invoke()
        yield {tensor["name"]: interpreter.get_tensor(tensor["index"]) for tensor in tensors}


def _activations(lite: bytes, interpreter: Interpreter) -> list[dict[str, Any]]:
    """The main graph's float tensors that are fed or computed, and used: others hold nothing."""
    graph = flatbuffer.read_model(lite).subgraphs[0]
    made = {*graph.inputs, *(i for op in graph.operators for i in op.outputs)}
    used = {*graph.outputs, *(i for op in graph.operators for i in op.inputs)}
    details = interpreter.get_tensor_details()
    return [t for t in details if t["index"] in made & used and t["dtype"] == np.float32]
