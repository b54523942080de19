"""The runtime behind one interface: arrays in by name, arrays out by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from mmkeras_edge.inputs import pick

RUNTIMES = {  # what is installed -> its module; the first that can be imported is taken
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}


class Graph:
    """A TFLite model that is fed by name.

    `model` is a path or the file's content; `threads` defaults to the cores that this process may
    use, at most 4. One call at a time: hold a lock, or make one Graph a thread. Raises ValueError
    for content that the runtime refuses.
    """

    def __init__(self, model: str | os.PathLike[str] | bytes, threads: int | None = None):
        make, self.runtime = find_runtime()
        self.threads = min(_cores(), 4) if threads is None else threads
        if self.threads < 1:
            raise ValueError(f"wanted at least one thread, received {threads}")
        source = (
            {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        )
        try:
            self.interpreter = make(num_threads=self.threads, **source)
            self.interpreter.allocate_tensors()
            signatures = self.interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"the runtime {self.runtime} refuses the model: {error}") from error
        if len(signatures) != 1:
            raise ValueError(f"wanted one signature, the model has {sorted(signatures)}")
        runner = self.interpreter.get_signature_runner(next(iter(signatures)))
        self.inputs: dict[str, dict[str, Any]] = runner.get_input_details()
        self.outputs: dict[str, dict[str, Any]] = runner.get_output_details()

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of one sample by name, without batch axis, to outputs likewise.

        Where the graph itself wants int8 or gives it, float32 is quantised on the way in, and on
        the way out always dequantised. A truth value may be given as bool. Raises ValueError for a
        name that is unknown or missing and for a wrong shape or type.
        """
        if feed.keys() != self.inputs.keys():
            for name in feed:
                pick(self.inputs, name, "input")
            missing = ", ".join(name for name in self.inputs if name not in feed)
            raise ValueError(f"missing input {missing}")
        for name, tensor in self.inputs.items():
            value = _quantised(np.asarray(feed[name]), tensor)
            shape = tuple(tensor["shape"][1:].tolist())
            if value.shape != shape or value.dtype != tensor["dtype"]:
                raise ValueError(
                    f"input {name!r}: wanted {np.dtype(tensor['dtype'])} {shape}, "
                    f"received {value.dtype} {value.shape}"
                )
            self.interpreter.set_tensor(tensor["index"], value[np.newaxis])
        self.interpreter.invoke()
        return {
            name: _dequantised(self.interpreter.get_tensor(tensor["index"])[0], tensor)
            for name, tensor in self.outputs.items()
        }


def _quantised(value: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
    scale, zero = tensor["quantization"]
    if value.dtype == np.bool_:
        return value.astype(tensor["dtype"])
    if not scale or value.dtype != np.float32 or tensor["dtype"] == np.float32:
        return value
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.round(value / scale) + zero, limits.min, limits.max).astype(tensor["dtype"])


def _dequantised(value: np.ndarray, tensor: Mapping[str, Any]) -> np.ndarray:
    scale, zero = tensor["quantization"]
    if not scale or tensor["dtype"] == np.float32:
        return value
    return (value.astype(np.float32) - zero) * np.float32(scale)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container or taskset may allow fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def find_runtime() -> tuple[Any, str]:
    """The interpreter class of what is installed and its name; the lightest first."""
    reasons = []
    for name, module in RUNTIMES.items():
        try:
            return import_module(module).Interpreter, name
        except ImportError as error:
            reasons.append(str(error))
    raise ImportError(
        "no runtime for .tflite files; install one with: pip install 'mmkeras[edge]' "
        f"({'; '.join(reasons)})"
    )
