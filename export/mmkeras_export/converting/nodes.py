"""The operations of a TFLite file, and the Keras layers that they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ai_edge_litert import schema_py_generated as schema
from litert_quantizer import qtyping
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_export.quantizing.number_formats import widest

Op = qtyping.TFLOperationName
NUMBER = re.compile(r"_\d+$")
FLOAT32 = schema.TensorType.FLOAT32
WEIGHTED = (Op.CONV_2D, Op.DEPTHWISE_CONV_2D, Op.CONV_2D_TRANSPOSE, Op.FULLY_CONNECTED, Op.GATHER)


class Node(NamedTuple):
    """One operation of a TFLite graph, as far as quantisation must know it."""

    kind: str
    scope: str  # what litert_quantizer calls it: the names of its output tensors
    layers: tuple[str, ...]  # paths of its Keras layers, or of the one that has its weights
    is_float: bool  # some tensor is float32
    has_constant: bool  # some input is a float32 constant
    all_used: bool = True  # every output goes somewhere
    in_loop: bool = False  # in a subgraph: the body of a recurrent layer
    constant_first: bool = False  # the first input is a float32 constant

    @property
    def is_table(self) -> bool:
        return self.kind == Op.GATHER and self.has_constant

    @property
    def is_product(self) -> bool:
        return self.kind == Op.FULLY_CONNECTED and self.has_constant

    def format(self, layers: Mapping[str, str], otherwise: str) -> str:
        """The number format by layer name; that of the innermost layer with one holds.

        Of several layers that the converter merged, the widest.
        """
        return widest(*(_format(path, layers, otherwise) for path in self.layers))


def _format(path: str, layers: Mapping[str, str], otherwise: str) -> str:
    """TensorFlow numbers the name of every layer: "pool_1" is the layer "pool"."""
    for part in reversed(path.split("/")):
        name = NUMBER.sub("", part) if "/" in path else part  # alone it is an output, as it is
        if name in layers:
            return layers[name]
    return otherwise


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
        used = {*graph.outputs, *(i for op in graph.operators for i in op.inputs)}
        for op in graph.operators:
            given = [graph.tensors[i] for i in op.inputs if i != -1]
            constant = [_is_constant(t, model) for t in given]
            made = [graph.tensors[i] for i in op.outputs]
            names = [answers.get(i) or graph.tensors[i].name.decode() for i in op.outputs]
            code = model.operatorCodes[op.opcodeIndex].builtinCode
            kind = flatbuffer.TFL_OP_CODE_TO_NAME.get(code, str(code))
            nodes.append(
                Node(
                    kind,
                    flatbuffer.get_op_scope(op, graph.tensors),
                    _weights_path(kind, given, model) or _paths(names),
                    any(t.type == FLOAT32 for t in given + made),
                    any(constant),
                    all_used=used.issuperset(op.outputs),
                    in_loop=index > 0,
                    constant_first=constant[:1] == [True],
                )
            )
    return nodes


def read_ends(lite: bytes) -> tuple[str, str]:
    """What litert_quantizer calls the inputs and the outputs of the main graph."""
    graph = flatbuffer.read_model(lite).subgraphs[0]
    ends = (
        qtyping.IOOperator([], graph.inputs, Op.INPUT),
        qtyping.IOOperator(graph.outputs, [], Op.OUTPUT),
    )
    given, made = (flatbuffer.get_op_scope(end, graph.tensors) for end in ends)
    return given, made


def _is_constant(tensor: Any, model: Any) -> bool:
    return tensor.type == FLOAT32 and model.buffers[tensor.buffer].data is not None


def _weights_path(kind: str, given: Sequence[Any], model: Any) -> tuple[str, ...]:
    """Where the weights come from: what follows in the graph may be merged into a product."""
    if kind not in WEIGHTED:
        return ()
    named = [t.name.decode() for t in given if _is_constant(t, model)]
    return _paths([name for name in named if "/" in name][:1])[-1:]


def _paths(names: Sequence[str]) -> tuple[str, ...]:
    """The converter joins the names of what it merges, and adds pieces that say nothing."""
    paths = [path for name in names for path in name.split(";") if path]
    return tuple([path for path in paths if "/" in path] or paths)
