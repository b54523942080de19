"""The range of every activation over samples, which full int8 divides into 256 steps."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

Sample = Mapping[str, np.ndarray]  # arrays by input name, without batch axis
Ranges = dict[str, dict[str, np.ndarray]]  # tensor name -> {"min": ..., "max": ...}

# The runtime warns that keeping every tensor is meant for debugging; this is what it is for here.
DEBUGGING = ".*experimental_preserve_all_tensors.*"


def activation_ranges(lite: bytes, samples: Iterable[Sample]) -> Ranges:
    """Smallest and largest value of every float activation over the samples, by tensor name.

    Not a moving average, which collapses outputs of few values. Raises ValueError for no samples.
    """
    found: Ranges = {}
    for activations in activation_values(lite, samples):
        for name, values in activations.items():
            low, high = values.min(keepdims=True), values.max(keepdims=True)
            seen = found.setdefault(name, {"min": low, "max": high})
            seen["min"], seen["max"] = np.minimum(seen["min"], low), np.maximum(seen["max"], high)
    if not found:
        raise ValueError("full int8 wants calibration samples, received none")
    return found


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
