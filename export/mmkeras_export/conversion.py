"""A Keras model to float32 TFLite, in a child process that may crash."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras

from mmkeras_edge.chatter import quiet
from mmkeras_edge.graph import Graph
from mmkeras_export.signature import call_by_name, inputs_of, outputs_of

# Of what the converter writes: the path that TensorFlow gave to an operation, and the operation.
REFUSED = re.compile(r'"([^"@]+)@[^"]*"\].*\'(tf\.\w+)\' op is neither a custom op')
CURE = "replace that layer by one of standard operations, or write it with keras.ops"
CRASH_CURE = (
    "build recurrent layers with unroll=True; otherwise leave out layers to find the one at fault"
)


class ConversionError(ValueError):
    """The converter refused the model, crashed or took too long."""


def convert(model: keras.Model, timeout_s: float = 900) -> bytes:
    """A functional model to a float32 TFLite file with its names, for one sample at a time.

    Only operations that every runtime has. Raises ConversionError with the operation, the layer
    where the converter names it, and the cure.
    """
    with tempfile.TemporaryDirectory(prefix="mmkeras-") as folder, _started() as child:
        saved_model, target = Path(folder, "saved_model"), Path(folder, "model.tflite")
        _save(model, saved_model)
        try:
            _, log = child.communicate(f"{saved_model}\n{target}\n", timeout_s)
        except subprocess.TimeoutExpired as error:
            raise ConversionError(
                f"the converter was stopped after {timeout_s:g} s; a smaller model, or a larger "
                "timeout_s="
            ) from error
        if child.returncode:
            raise ConversionError(_explained(model, child.returncode, log))
        lite = target.read_bytes()
    _check(model, lite)
    return lite


@contextmanager
def _started() -> Iterator[subprocess.Popen[str]]:
    """The child, already importing while the parent writes; it never outlives the block."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # it sees what this process sees
        "CUDA_VISIBLE_DEVICES": "-1",  # conversion needs none
        "TF_CPP_MIN_LOG_LEVEL": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "mmkeras_export._converter"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def _save(model: keras.Model, folder: Path) -> None:
    """As a SavedModel: a concrete function handed over directly loses the variables' values.

    Of the model it has the variables alone. `keras.export.ExportArchive` also looks through every
    attribute of every layer and traces the model four times: half of the time of a conversion.
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
    tf.saved_model.save(saved, str(folder), signatures={"serving_default": saved.serve})


def _explained(model: keras.Model, code: int, log: str) -> str:
    """What a child that failed wrote, in a line."""
    if code < 0:
        return f"the converter crashed ({signal.strsignal(-code)}); {CRASH_CURE}"
    layers = {layer.name for layer in model._flatten_layers()}
    refused = [f"{op} in {_layer(path, layers)}" for path, op in REFUSED.findall(log)]
    if refused:
        return f"TFLite has no operation for {', '.join(dict.fromkeys(refused))}; {CURE}"
    last = [line for line in log.splitlines() if line.strip()][-1:]
    return f"the converter failed: {''.join(last)}; {CURE}"


def _layer(path: str, layers: set[str]) -> str:
    """The innermost layer of a TensorFlow path, which numbers a name that it meets again."""
    found = [name for part in path.split("/") if (name := re.sub(r"_\d+$", "", part)) in layers]
    return f"the layer {found[-1]!r}" if found else path


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
