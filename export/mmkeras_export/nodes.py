"""The operations of a TFLite file, and the Keras layers that they came from."""

from __future__ import annotations

import re
from typing import NamedTuple

from ai_edge_litert import schema_py_generated as schema
from litert_quantizer import qtyping
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

Op = qtyping.TFLOperationName
FLOAT32 = schema.TensorType.FLOAT32
WEIGHTED = (Op.CONV_2D, Op.DEPTHWISE_CONV_2D, Op.CONV_2D_TRANSPOSE, Op.FULLY_CONNECTED, Op.GATHER)


class Node(NamedTuple):
    """One operation of a TFLite graph, as far as quantisation must know it."""

    kind: str
    scope: str  # what litert_quantizer calls it: the names of its output tensors
    layers: tuple[str, ...]  # paths of the Keras layers in it; the converter merges several
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
        used = {*graph.outputs, *(i for op in graph.operators for i in op.inputs)}
        for op in graph.operators:
            given = [graph.tensors[i] for i in op.inputs if i != -1]
            constant = [
                t.type == FLOAT32 and model.buffers[t.buffer].data is not None for t in given
            ]
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
                    any(constant),
                    all_used=used.issuperset(op.outputs),
                    in_loop=index > 0,
                    constant_first=constant[:1] == [True],
                )
            )
    return nodes
