"""The runtime behind one interface: arrays in by name, arrays out by name."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from mmkeras_edge.inputs import pick
from mmkeras_edge.runtimes import Runtime, find_runtime

MAIN = ("serving_default", "serve")  # what the signature of the whole model is called
LIMIT_THREADS = 256


class Port(NamedTuple):
    """One input or output of a graph, as the hot path wants it."""

    number: int
    shape: tuple[int, ...]  # without the batch axis
    dtype: np.dtype
    scale: float  # of what is quantised, else 0
    zero: int


class Graph:
    """A TFLite model that is fed by name.

    `model` is a path or the file's content; `threads` defaults to the cores that this process may
    use, at most 4; `delegate` is the path of a delegate's library, such as libedgetpu.so.1. Several
    threads may call `run`: they take turns. Raises ValueError for content that the runtime refuses
    and for a delegate that cannot be loaded.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        threads: int | None = None,
        delegate: str | os.PathLike[str] | None = None,
    ):
        runtime = find_runtime()
        self.runtime = runtime.name
        self.threads = threads_of(threads)
        self.delegate = None if delegate is None else os.fspath(delegate)
        self.lock = threading.Lock()  # held while the interpreter is touched
        try:
            self.interpreter = open_interpreter(runtime, model, self.threads, self.delegate)
            self.interpreter.allocate_tensors()
            self.signature = _main(self.interpreter.get_signature_list())
            runner = self.interpreter.get_signature_runner(self.signature)
            self.inputs: dict[str, dict[str, Any]] = runner.get_input_details()
            self.outputs: dict[str, dict[str, Any]] = runner.get_output_details()
        except (ValueError, RuntimeError) as error:  # of names, also UnicodeDecodeError
            raise ValueError(f"the runtime {self.runtime} refuses the model: {error}") from error
        self._entries = {name: port_of(tensor) for name, tensor in self.inputs.items()}
        self._exits = {name: port_of(tensor) for name, tensor in self.outputs.items()}

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays of one sample by name, without batch axis, to outputs likewise.

        Where the graph itself wants int8 or gives it, float32 is quantised on the way in, and on
        the way out always dequantised. A truth value may be given as bool. Raises ValueError for a
        name that is unknown or missing, for a wrong shape or type, and where the runtime fails.
        """
        if feed.keys() != self._entries.keys():
            for name in feed:
                pick(self._entries, name, "input")
            missing = ", ".join(name for name in self._entries if name not in feed)
            raise ValueError(f"missing input {missing}")
        values = [(port.number, fitted(feed[n], port, n)) for n, port in self._entries.items()]
        interpreter = self.interpreter
        with self.lock:
            for index, value in values:
                interpreter.set_tensor(index, value)
            try:
                interpreter.invoke()
            except RuntimeError as error:  # a model that is wrong inside shows it only now
                raise ValueError(f"the runtime {self.runtime} failed: {error}") from error
            found = [interpreter.get_tensor(port.number)[0] for port in self._exits.values()]
        return {
            name: value if not port.scale else dequantised(value, port)
            for (name, port), value in zip(self._exits.items(), found, strict=True)
        }


def open_interpreter(runtime: Runtime, model: Any, threads: int, delegate: str | None) -> Any:
    source: dict[str, Any] = {"model_content": model}
    if not isinstance(model, bytes):
        source = {"model_path": os.fspath(model)}
    if delegate is not None:
        source["experimental_delegates"] = [runtime.delegate(delegate)]
    return runtime.interpreter(num_threads=threads, **source)


def _main(signatures: Mapping[str, Any]) -> str:
    """Of a file in pieces, the signature of the whole."""
    for name in signatures if len(signatures) == 1 else MAIN:
        if name in signatures:
            return name
    raise ValueError(f"wanted the signature {MAIN[0]!r}, the model has {sorted(signatures)}")


def port_of(tensor: Mapping[str, Any]) -> Port:
    scale, zero = tensor["quantization"]
    dtype = np.dtype(tensor["dtype"])
    integer = bool(scale) and dtype != np.float32
    shape = tuple(tensor["shape"][1:].tolist())
    return Port(tensor["index"], shape, dtype, float(scale) if integer else 0.0, int(zero))


def fitted(value: Any, port: Port, name: str) -> np.ndarray:
    """With the batch axis, and quantised where the graph wants that; a view where it can be."""
    array = np.asarray(value)
    if array.dtype == np.bool_:
        array = array.astype(np.float32 if port.scale else port.dtype)
    if port.scale and array.dtype == np.float32:
        limits = np.iinfo(port.dtype)
        steps = np.round(array / port.scale) + port.zero
        array = np.clip(steps, limits.min, limits.max).astype(port.dtype)
    if array.shape != port.shape or array.dtype != port.dtype:
        raise ValueError(
            f"input {name!r}: wanted {port.dtype} {port.shape}, "
            f"received {array.dtype} {array.shape}"
        )
    return array[np.newaxis]


def dequantised(value: np.ndarray, port: Port) -> np.ndarray:
    return (value.astype(np.float32) - port.zero) * np.float32(port.scale)


def threads_of(wanted: int | None) -> int:
    """What was asked for, else the cores, at most 4; a runtime given too many ends the process."""
    if wanted is None:
        return min(cores(), 4)
    if not isinstance(wanted, int) or not 1 <= wanted <= LIMIT_THREADS:
        raise ValueError(
            f"threads: wanted a whole number from 1 to {LIMIT_THREADS}, received {wanted!r}"
        )
    return wanted


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container or taskset may allow fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
