"""The runtime behind one interface: arrays in by name, arrays out by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from mmkeras_edge.inputs import pick


class Graph:
    """A TFLite model that is fed by name.

    `model` is a path or the file's content. One call at a time: hold a lock, or make one Graph a
    thread. Raises ValueError for content that the runtime refuses.
    """

    def __init__(self, model: str | os.PathLike[str] | bytes, threads: int | None = None):
        make, self.runtime = find_runtime()
        self.threads = threads or min(os.cpu_count() or 1, 4)
        source = (
            {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        )
        try:
            self._interpreter = make(num_threads=self.threads, **source)
            self._interpreter.allocate_tensors()
            signatures = self._interpreter.get_signature_list()
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"the runtime {self.runtime} refuses the model: {error}") from error
        if len(signatures) != 1:
            raise ValueError(f"wanted one signature, the model has {sorted(signatures)}")
        runner = self._interpreter.get_signature_runner(next(iter(signatures)))
        self.inputs: dict[str, dict[str, Any]] = runner.get_input_details()
        self.outputs: dict[str, dict[str, Any]] = runner.get_output_details()

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of one sample by name, without batch axis, to outputs likewise.

        Raises ValueError for a name that is unknown or missing and for a wrong shape or type.
        """
        if feed.keys() != self.inputs.keys():
            for name in feed:
                pick(self.inputs, name, "input")
            raise ValueError(f"missing input {', '.join(self.inputs.keys() - feed.keys())}")
        for name, tensor in self.inputs.items():
            value = np.asarray(feed[name])
            if value.shape != tuple(tensor["shape"][1:]) or value.dtype != tensor["dtype"]:
                raise ValueError(
                    f"input {name!r}: wanted {np.dtype(tensor['dtype'])} "
                    f"{tuple(tensor['shape'][1:])}, received {value.dtype} {value.shape}"
                )
            self._interpreter.set_tensor(tensor["index"], value[np.newaxis])
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(tensor["index"])[0]
            for name, tensor in self.outputs.items()
        }


def find_runtime() -> tuple[Any, str]:
    """The interpreter class of what is installed and its name; the lightest first."""
    try:
        from ai_edge_litert.interpreter import Interpreter

        return Interpreter, "ai-edge-litert"
    except ImportError:
        pass
    try:
        from tflite_runtime.interpreter import Interpreter

        return Interpreter, "tflite-runtime"
    except ImportError as error:
        raise ImportError(
            "no runtime for .tflite files; install one with: pip install 'mmkeras[edge]'"
        ) from error
