"""A Keras model to float32 TFLite, in a child process that may crash."""

from __future__ import annotations

import logging
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import keras

from mmkeras_edge.chatter import quiet
from mmkeras_edge.graph import Graph
from mmkeras_export.converting.memory import spare_gb
from mmkeras_export.converting.process import (
    ConversionError,
    Converter,
    CrashedError,
    TooLargeError,
)
from mmkeras_export.converting.signature import call_by_name, inputs_of, outputs_of
from mmkeras_export.converting.unrolling import loops_of, unrolled

# Of what the converter writes: the path that TensorFlow gave to an operation, and the operation.
REFUSED = re.compile(r'"([^"@]+)@[^"]*"\].*\'(tf\.\w+)\' op is neither a custom op')
FAILED = re.compile(r'"([^"@]+)@.*?error: (.+)')
CURE = "replace that layer by one of standard operations, or write it with keras.ops"
CRASH_CURE = "leave out layers to find the one at fault"
TIMEOUT_S = 900.0
MEMORY_CURE = "build it smaller, or give a larger memory_gb= where the machine has it"


class RefusedError(ConversionError):
    """The converter said no."""


class ConversionWarning(UserWarning):
    """The file is right, and something was done to the model for it."""


class Converted(NamedTuple):
    """A file, and what was done to the model for it: sentences for a report."""

    lite: bytes
    notes: tuple[str, ...] = ()


def convert(
    model: keras.Model, timeout_s: float = TIMEOUT_S, memory_gb: float | None = None
) -> bytes:
    """A functional model to a float32 TFLite file with its names, for one sample at a time.

    Only operations that every runtime has. Beyond `timeout_s` or `memory_gb`, by default most of
    what the machine can spare, the conversion is stopped. Raises ConversionError with the
    operation, the layer where it is known, and the cure. Where loops are refused, they are unrolled
    with a ConversionWarning; `converted` has it as a note.
    """
    lite, notes = converted(model, timeout_s, memory_gb)
    for note in notes:
        warnings.warn(note, ConversionWarning, stacklevel=2)
    return lite


def converted(
    model: keras.Model, timeout_s: float = TIMEOUT_S, memory_gb: float | None = None
) -> Converted:
    """`convert`, with what it did to the model as notes instead of warnings."""
    check_backend()
    _check_float(model)
    try:
        return Converted(_attempt(model, timeout_s, memory_gb))
    except ConversionError as error:
        loops = loops_of(model)
        if not (error.again and loops):
            raise
        first = error
    names = ", ".join(repr(layer.name) for layer in loops)
    try:
        with unrolled(loops):
            lite = _attempt(model, timeout_s, memory_gb)
    except ConversionError as second:
        raise ConversionError(
            f"{first}. A second try with unroll=True of {names} failed too: {second}"
        ) from first
    reason = str(first).partition(";")[0]
    note = f"{names} converted with unroll=True, on the same weights: as a loop, {reason}"
    return Converted(lite, (note,))


def check_backend() -> None:
    """Raises ConversionError where Keras does not run on TensorFlow, which traces the model."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ConversionError(
            f"Keras runs on {backend} in this process, and TensorFlow converts; store the model, "
            "and convert it in a process with KERAS_BACKEND=tensorflow"
        )


def _check_float(model: keras.Model) -> None:
    """The converter would fail on what Keras has quantised: integers that TFLite has otherwise."""
    layers = model._flatten_layers(include_self=False)
    shrunk = [repr(layer.name) for layer in layers if getattr(layer, "quantization_mode", None)]
    if shrunk:
        raise ConversionError(
            f"model.quantize changed {', '.join(shrunk)} to what TFLite does not have; convert the "
            "float model and shrink the file: mmkeras_export.quantize"
        )


def _attempt(model: keras.Model, timeout_s: float, memory_gb: float | None) -> bytes:
    prefix = "mmkeras-"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        converter = Converter(Path(folder))
        traced = _save(model, converter.saved_model)
        try:
            code = converter.run(timeout_s, spare_gb() if memory_gb is None else memory_gb)
        except TooLargeError as error:
            raise TooLargeError(f"{error}; {_largest(model, traced)}; {MEMORY_CURE}") from error
        except CrashedError as error:
            raise CrashedError(f"{error}; {CRASH_CURE}") from error
        if code:
            raise _refusal(model, converter.log)
        lite = converter.lite.read_bytes()
    _check(model, lite)
    return lite


def _save(model: keras.Model, folder: Path) -> Any:
    """As a SavedModel: a concrete function handed over directly loses the variables' values.

    Of the model it has the variables alone. `keras.export.ExportArchive` also looks through every
    attribute of every layer and traces the model four times: half of the time of a conversion.
    Returns the graph that was traced.
    """
    import tensorflow as tf

    shapes = {}
    for name, tensor in inputs_of(model).items():
        if None in tensor.shape[1:]:
            raise ConversionError(
                f"input {name!r} has the open shape {tensor.shape[1:]}; build the model with a "
                "fixed one, as a device has"
            )
        shapes[name] = tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype, name)
    serve = tf.function(
        lambda feed: call_by_name(model, feed), input_signature=[shapes], autograph=False
    )
    saved = tf.Module()
    saved.serve = serve.get_concrete_function()
    saved.kept = [variable.value for variable in model.variables]
    logger = tf.get_logger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # in a notebook it says on standard output where it has written
    try:
        tf.saved_model.save(saved, str(folder), signatures={"serving_default": saved.serve})
    finally:
        logger.setLevel(level)
    return saved.serve.graph


def _refusal(model: keras.Model, log: str) -> RefusedError:
    """What a converter that failed wrote, in a line; worth another try if a loop is in it."""
    found = REFUSED.findall(log)
    refused = [f"{op} in {place_in(model, path)}" for path, op in found]
    if refused:
        message = f"TFLite has no operation for {', '.join(dict.fromkeys(refused))}; {CURE}"
    elif failed := FAILED.findall(log):
        path, reason = failed[-1]
        message = f"the converter failed in {place_in(model, path)}: {reason}; {CURE}"
    else:
        last = [line for line in log.splitlines() if line.strip()][-1:]
        message = f"the converter failed: {''.join(last)}; {CURE}"
    error = RefusedError(message)
    loops = {layer.name for layer in loops_of(model)}
    error.again = not found or any(_layers(path, loops) for path, _ in found)
    return error


def _largest(model: keras.Model, graph: Any) -> str:
    """Where the largest tensor of a graph comes from."""
    tensors = [tensor for op in graph.get_operations() for tensor in op.outputs]
    known = [tensor for tensor in tensors if tensor.shape.is_fully_defined() and tensor.dtype.size]
    if not known:
        return "no size of its tensors is known"
    size, path = max((t.shape.num_elements() * t.dtype.size, t.op.name) for t in known)
    return f"the largest tensor, {size / 1e9:.3g} GB, is made in {place_in(model, path)}"


def place_in(model: keras.Model, path: str) -> str:
    """The innermost layer of a TensorFlow path."""
    found = _layers(path, {layer.name for layer in model._flatten_layers()})
    return f"the layer {found[-1]!r}" if found else path


def _layers(path: str, names: set[str]) -> list[str]:
    """Those of the layers that a TensorFlow path leads through, which numbers a name that it meets
    again."""
    return [name for part in path.split("/") if (name := re.sub(r"_\d+$", "", part)) in names]


def _check(model: keras.Model, lite: bytes) -> None:
    with quiet():  # the runtime greets the first time
        graph = Graph(lite)
    wanted = {*inputs_of(model)}, {*outputs_of(model)}
    if wanted != ({*graph.inputs}, {*graph.outputs}):
        raise ConversionError(
            f"the file has inputs {sorted(graph.inputs)} and outputs {sorted(graph.outputs)}, the "
            f"model {sorted(wanted[0])} and {sorted(wanted[1])}; give inputs and outputs as dicts, "
            "and let every input reach an output"
        )
