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

from mmkeras_edge.graph import Graph
from mmkeras_export.signature import call_by_name, inputs_of, outputs_of

CURES = {  # what the converter says -> what to do about it
    "TensorList": "build the recurrent layer with unroll=True",
    "Segmentation": "build recurrent layers with unroll=True, and leave out layers one by one "
    "to find the one that crashes the converter",
    "": "replace the layer by one that uses standard operations, or write it with keras.ops",
}


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
            raise ConversionError(_explained(child.returncode, log))
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
    child = subprocess.Popen(
        [sys.executable, "-m", "mmkeras_export._converter"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def _save(model: keras.Model, folder: Path) -> None:
    """As a SavedModel: a concrete function handed over directly loses the variables' values."""
    shapes = {
        name: keras.InputSpec(shape=(1, *tensor.shape[1:]), dtype=tensor.dtype, name=name)
        for name, tensor in inputs_of(model).items()
    }
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", lambda feed: call_by_name(model, feed), [shapes])
    archive.write_out(str(folder), verbose=False)


def _explained(code: int, log: str) -> str:
    """What a child that failed wrote, in two lines."""
    if code < 0:
        reason = f"the converter crashed: {signal.strsignal(-code)}"
        return f"{reason}; {_cure(reason)}"
    refused = dict.fromkeys(re.findall(r"'(tf\.\w+)' op is neither a custom op", log))
    places = dict.fromkeys(
        re.findall(r'"([^"@;]+)(?:@[^"]*)?"', " ".join(re.findall(r"loc\(.*", log)))
    )
    if refused:
        where = f" in {', '.join(list(places)[:3])}" if places else ""
        return f"no TFLite operation for {', '.join(refused)}{where}; {_cure(' '.join(refused))}"
    last = [line for line in log.splitlines() if line.strip()][-1:]
    return f"the converter failed: {' '.join(last)}; {_cure(log)}"


def _cure(reason: str) -> str:
    return next(cure for word, cure in CURES.items() if word in reason)


def _check(model: keras.Model, lite: bytes) -> None:
    graph = Graph(lite)
    wanted = {*inputs_of(model)}, {*outputs_of(model)}
    if wanted != ({*graph.inputs}, {*graph.outputs}):
        raise ConversionError(
            f"the file has inputs {sorted(graph.inputs)} and outputs {sorted(graph.outputs)}, the "
            f"model {sorted(wanted[0])} and {sorted(wanted[1])}; give inputs and outputs as dicts, "
            "and let every input reach an output"
        )
