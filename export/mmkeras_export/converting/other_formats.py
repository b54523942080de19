"""SavedModel and ONNX, for servers and other runtimes: kept only if they answer as Keras does."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.run import Run
from mmkeras_export.converting.conversion import ConversionError, check_backend, place_in
from mmkeras_export.converting.signature import call_by_name, inputs_of
from mmkeras_export.gate import PARITY, GateError

UNKNOWN = re.compile(r"Tensorflow op \[(.+): (\w+)\] is not supported")  # says tf2onnx
ROWS = 3  # that are made to check with, where none are given
Feed = Mapping[str, np.ndarray]


def export_saved_model(
    model: Run | keras.Model, folder: str | os.PathLike[str], feed: Feed | None = None
) -> float:
    """Writes a SavedModel for TensorFlow Serving and the like: rows of any number, by name.

    `model` is a run or any functional model, `feed` rows to check with, (N, ...) by input name, as
    `Prepared.feed` gives them; by default three of noise. Returns the largest difference from
    Keras. Raises GateError above 1e-4, of the largest answer if that is above 1, and
    FileExistsError; then nothing is written.
    """
    return _written(model, Path(folder), feed, _save, _run_saved_model)


def export_onnx(
    model: Run | keras.Model, path: str | os.PathLike[str], feed: Feed | None = None
) -> float:
    """Writes an ONNX file, checked with onnxruntime; otherwise as `export_saved_model`.

    Raises ConversionError for what tf2onnx has no operation for, of which `model.export` writes a
    file that no runtime opens, GateError for a file that onnxruntime refuses, and ImportError where
    the extra `onnx` is missing.
    """
    for package in ("tf2onnx", "onnxruntime"):
        if find_spec(package) is None:
            raise ImportError(f"ONNX wants {package}: pip install 'mmkeras[onnx]'")
    return _written(model, Path(path), feed, _save_onnx, _run_onnx)


def _written(
    given: Run | keras.Model,
    path: Path,
    feed: Feed | None,
    save: Callable[[keras.Model, Path], None],
    run: Callable[[Path, Feed], dict[str, np.ndarray]],
) -> float:
    if path.exists():
        raise FileExistsError(f"{os.fspath(path)!r} is there already; remove it, or name another")
    check_backend()
    model = given.model if isinstance(given, Run) else given
    rows = noise(model) if feed is None else feed
    expected = call_by_name(model, {n: keras.ops.convert_to_tensor(a) for n, a in rows.items()})
    wanted = {name: keras.ops.convert_to_numpy(answer) for name, answer in expected.items()}
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.absolute().parent) as folder:
        partial = Path(folder, path.name)
        save(model, partial)
        difference = _difference(wanted, run(partial, rows))
        if not difference <= PARITY:
            raise GateError(
                f"nothing was written: the answers differ from Keras' by {difference:.2g}, "
                f"allowed {PARITY:g}"
            )
        partial.replace(path)
    return difference


def noise(model: keras.Model, seed: int = 0) -> dict[str, np.ndarray]:
    """Rows that any model takes: numbers of a normal distribution, and of integers 0 and 1."""
    random = np.random.default_rng(seed)
    rows = {}
    for name, tensor in inputs_of(model).items():
        shape = (ROWS, *(size or 1 for size in tensor.shape[1:]))
        floating = "float" in tensor.dtype
        values = random.normal(size=shape) if floating else random.integers(0, 2, shape)
        rows[name] = values.astype(tensor.dtype)
    return rows


def _difference(wanted: Feed, found: Feed) -> float:
    """The largest, of the largest answer if that is above 1; infinite where one is no number."""
    if wanted.keys() != found.keys():
        raise GateError(f"nothing was written: outputs {sorted(found)}, wanted {sorted(wanted)}")
    largest = 0.0
    for name, answer in wanted.items():
        scale = max(1.0, float(np.abs(answer).max()))
        difference = float(np.abs(found[name] - answer).max()) / scale
        largest = max(largest, difference if np.isfinite(difference) else float("inf"))
    return largest


def _save(model: keras.Model, folder: Path) -> None:
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    specs = {n: tf.TensorSpec(t.shape, t.dtype, n) for n, t in inputs_of(model).items()}
    archive.add_endpoint("serve", lambda feed: call_by_name(model, feed), input_signature=[specs])
    archive.write_out(str(folder), verbose=False)


def _run_saved_model(folder: Path, feed: Feed) -> dict[str, np.ndarray]:
    import tensorflow as tf

    serve = tf.saved_model.load(str(folder)).signatures["serve"]
    answers = serve(**{name: tf.constant(array) for name, array in feed.items()})
    return {name: answer.numpy() for name, answer in answers.items()}


def _save_onnx(model: keras.Model, path: Path) -> None:
    """By tf2onnx, as Keras' own export does, which loses the names of outputs in a list."""
    import tensorflow as tf
    import tf2onnx

    specs = [tf.TensorSpec(t.shape, t.dtype, n) for n, t in inputs_of(model).items()]

    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        named = zip(specs, tensors, strict=True)
        return call_by_name(model, {spec.name: tensor for spec, tensor in named})

    traced = tf.function(serve, input_signature=specs, autograph=False)
    handlers: dict[str, Any] = {"Erfc": (_complement, [])}
    with _said("tf2onnx") as lines:
        tf2onnx.convert.from_function(
            traced, specs, output_path=str(path), custom_op_handlers=handlers
        )
    refused = [f"{op} in {place_in(model, at)}" for at, op in UNKNOWN.findall("\n".join(lines))]
    if refused:
        raise ConversionError(
            f"tf2onnx has no operation for {', '.join(dict.fromkeys(refused))}; replace that layer "
            "by one of standard operations, or write it with keras.ops"
        )


def _complement(graph: Any, node: Any, name: str, args: Any) -> Any:
    """erfc(x) = 1 - erf(x), of GELU, which tf2onnx 1.17 lacks."""
    node.type, node.domain = "Erf", ""
    shapes, types = node.output_shapes, node.output_dtypes
    one = graph.make_const(f"{name}_one", np.ones((), np.float32))
    operands = [one.output[0], node.output[0]]
    left = graph.make_node("Sub", operands, name=f"{name}_left", shapes=shapes, dtypes=types)
    graph.insert_node_on_output(left, node.output[0])
    return node


@contextlib.contextmanager
def _said(name: str) -> Iterator[list[str]]:
    """The lines that a package logs, instead of on standard error."""
    lines: list[str] = []
    logger, handler = logging.getLogger(name), logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    try:
        yield lines
    finally:
        logger.handlers, logger.propagate = before


def _run_onnx(path: Path, feed: Feed) -> dict[str, np.ndarray]:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    kinds = (errors.Fail, errors.InvalidGraph, errors.InvalidArgument, errors.NotImplemented)
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, dict(feed)), strict=True))
    except (*kinds, errors.RuntimeException) as error:
        raise GateError(f"nothing was written: onnxruntime refuses the file: {error}") from error
