"""A float32 TFLite file to int8, with islands that stay float."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import keras
import numpy as np
from litert_quantizer import qtyping, quantizer
from litert_quantizer.algorithm_manager import AlgorithmName
from litert_quantizer.recipe_manager import RecipeManager
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_export.signature import outputs_of

Op = qtyping.TFLOperationName
FLOAT_LAYERS = (keras.layers.LayerNormalization, keras.layers.Softmax)  # 256 levels are too few
WEIGHTED = (Op.CONV_2D, Op.DEPTHWISE_CONV_2D, Op.CONV_2D_TRANSPOSE, Op.FULLY_CONNECTED, Op.GATHER)
# Their inputs share the scale of the output, which litert_quantizer 0.11 cannot give to a constant
# of another rank: "Ranks of scales and zps must be the same".
ONE_SCALE = (Op.SELECT, Op.SELECT_V2, Op.MAXIMUM)
FLOAT32 = 0  # TensorType in the TFLite schema

Sample = Mapping[str, np.ndarray]  # arrays by input name, without batch axis
Ranges = dict[str, dict[str, np.ndarray]]  # tensor name -> {"min": ..., "max": ...}


def float_islands(model: keras.Model) -> tuple[str, ...]:
    """The names of the layers that stay float: for `keep_float` of the functions below.

    Those with `keep_float = True`, LayerNormalization and Softmax, nested ones too, and the
    outputs that come straight out of one.
    """
    layers = model._flatten_layers(include_self=False)
    kept = {layer.name for layer in layers if _is_island(layer)}
    outputs = outputs_of(model).items()
    return tuple(sorted(kept | {n for n, t in outputs if t._keras_history.operation.name in kept}))


def _is_island(layer: keras.Layer) -> bool:
    return getattr(layer, "keep_float", False) or isinstance(layer, FLOAT_LAYERS)


def quantize_dynamic(lite: bytes, keep_float: Iterable[str] = ()) -> bytes:
    """Weights and embedding tables to int8; activations stay float, so it needs no samples.

    A table has one scale, everything else one a channel. `keep_float` names layers.
    """
    nodes = read_nodes(lite)
    recipe = RecipeManager()
    recipe.add_dynamic_config(".*", Op.ALL_SUPPORTED, num_bits=8)
    tables = _any_of(node.scope for node in nodes if node.is_table)
    recipe.add_static_config(tables, Op.GATHER, activation_num_bits=8, weight_num_bits=8)
    _exclude(recipe, nodes, keep_float)
    # A table brings its own range, but the tool wants some range where anything is static.
    return _quantized(lite, recipe, {"none": {"min": np.zeros(1), "max": np.zeros(1)}})


def quantize_int8(lite: bytes, samples: Iterable[Sample], keep_float: Iterable[str] = ()) -> bytes:
    """Weights and activations to int8, but for the layers in `keep_float`.

    Inputs and outputs keep their types. `samples` are what the model will see, with every class
    and every absence: an activation beyond their range is clipped.
    """
    nodes = read_nodes(lite)
    recipe = RecipeManager()
    recipe.add_static_config(".*", Op.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
    for border in (Op.INPUT, Op.OUTPUT):
        recipe.add_quantization_config(".*", border, algorithm_key=AlgorithmName.NO_QUANTIZE)
    _exclude(recipe, nodes, keep_float)
    return _quantized(lite, recipe, activation_ranges(lite, samples))


class Node(NamedTuple):
    """One operation of a TFLite graph, as far as quantisation must know it."""

    kind: str
    scope: str  # what litert_quantizer calls it: the names of its output tensors
    layers: tuple[str, ...]  # paths of the Keras layers in it; the converter merges several
    is_float: bool  # some tensor is float32
    has_constant: bool  # some input is a float32 constant

    @property
    def is_table(self) -> bool:
        return self.kind == Op.GATHER and self.has_constant

    def within(self, names: re.Pattern[str]) -> bool:
        """Whether it belongs to one of the layers.

        An operation with weights does if all that was merged into it does: a layer's own weights
        are quantised even where an island's last step was folded into them.
        """
        quantifier = all if self.kind in WEIGHTED else any
        return quantifier(any(map(names.fullmatch, path.split("/"))) for path in self.layers)


def read_nodes(lite: bytes) -> list[Node]:
    """The operations of a TFLite file, in order of execution, subgraph by subgraph."""
    model = flatbuffer.read_model(lite)
    nodes = []
    for index, graph in enumerate(model.subgraphs):
        answers = {  # the converter gives an output's tensor a name that says nothing
            entry.tensorIndex: entry.name.decode()
            for signature in model.signatureDefs or ()
            if signature.subgraphIndex == index
            for entry in signature.outputs
        }
        for op in graph.operators:
            given = [graph.tensors[i] for i in op.inputs if i != -1]
            made = [graph.tensors[i] for i in op.outputs]
            names = [answers.get(i) or graph.tensors[i].name.decode() for i in op.outputs]
            code = model.operatorCodes[op.opcodeIndex].builtinCode
            kind = flatbuffer.TFL_OP_CODE_TO_NAME.get(code, str(code))
            nodes.append(
                Node(
                    kind,
                    flatbuffer.get_op_scope(op, graph.tensors),
                    tuple(path for name in names for path in name.split(";") if path),
                    any(t.type == FLOAT32 for t in given + made),
                    any(
                        t.type == FLOAT32 and model.buffers[t.buffer].data is not None
                        for t in given
                    ),
                )
            )
    return nodes


def activation_ranges(lite: bytes, samples: Iterable[Sample]) -> Ranges:
    """Smallest and largest value of every float activation over the samples, by tensor name.

    Not a moving average, which collapses outputs of few values. Raises ValueError for no samples.
    """
    from ai_edge_litert.interpreter import Interpreter

    with _quiet():
        interpreter = Interpreter(model_content=lite, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    inputs = interpreter.get_signature_runner().get_input_details()
    tensors = _activations(lite, interpreter)
    found: Ranges = {}
    for sample in samples:
        for name, tensor in inputs.items():
            interpreter.set_tensor(tensor["index"], np.asarray(sample[name])[np.newaxis])
        interpreter.invoke()
        for tensor in tensors:
            values = interpreter.get_tensor(tensor["index"])
            low, high = values.min(keepdims=True), values.max(keepdims=True)
            seen = found.setdefault(tensor["name"], {"min": low, "max": high})
            seen["min"], seen["max"] = np.minimum(seen["min"], low), np.maximum(seen["max"], high)
    if not found:
        raise ValueError("full int8 wants calibration samples, received none")
    return found


def _activations(lite: bytes, interpreter) -> list[Mapping]:
    """The main graph's float tensors that are computed or fed."""
    graph = flatbuffer.read_model(lite).subgraphs[0]
    computed = {int(i) for op in graph.operators for i in op.outputs} | set(map(int, graph.inputs))
    details = interpreter.get_tensor_details()
    return [t for t in details if t["index"] in computed and t["dtype"] == np.float32]


def _exclude(recipe: RecipeManager, nodes: Iterable[Node], keep_float: Iterable[str]) -> None:
    """Leaves the islands as they are, what computes with token ids, and what the tool cannot do."""
    # TensorFlow numbers a name that it meets again: "text_pool" becomes "text_pool_1".
    names = re.compile(rf"(?:{'|'.join(map(re.escape, keep_float)) or '(?!)'})(?:_\d+)?")
    scopes = _any_of(
        node.scope
        for node in nodes
        if not node.is_float or (node.kind in ONE_SCALE and node.has_constant) or node.within(names)
    )
    recipe.add_quantization_config(
        scopes, Op.ALL_SUPPORTED, algorithm_key=AlgorithmName.NO_QUANTIZE
    )


def _any_of(scopes: Iterable[str]) -> str:
    """A regular expression for exactly these."""
    return rf"^(?:{'|'.join(map(re.escape, scopes)) or '(?!)'})$"


def _quantized(lite: bytes, recipe: RecipeManager, ranges: Ranges) -> bytes:
    with _quiet():
        tool = quantizer.Quantizer(lite, recipe.get_quantization_recipe())
        return bytes(tool.quantize(ranges, enable_progress_report=False).quantized_model)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars and the hints for debugging that cannot be switched off."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors.*")
        yield
