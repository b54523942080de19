"""Embedding tables as float16, which litert_quantizer 0.11 leaves as they are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from litert_quantizer.transformations import transformation_utils as changes
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_export.converting.nodes import FLOAT32

LARGEST = np.finfo(np.float16).max


def halve_tables(lite: bytes, scopes: Collection[str]) -> bytes:
    """The file with these GATHERs of the main graph, by the names of their outputs, on tables of
    float16; the runtime widens a table once, when it loads the file.
    """
    if not scopes:
        return lite
    model = flatbuffer.read_model(lite)
    graph = model.subgraphs[0]
    tables = {
        op.inputs[0]: None
        for op in graph.operators
        if flatbuffer.get_op_scope(op, graph.tensors) in scopes
    }
    widen = changes.add_op_code(schema.BuiltinOperator.DEQUANTIZE, model.operatorCodes)
    for place in tables:
        table = graph.tensors[place]
        assert table.type == FLOAT32
        values = np.frombuffer(model.buffers[table.buffer].data, np.float32)
        half = np.clip(values, -LARGEST, LARGEST).astype(np.float16).reshape(table.shape)
        stored = changes.add_new_constant_tensor(
            f"{table.name.decode()}_half", half, schema.TensorType.FLOAT16, graph, model
        )
        old, table.buffer = table.buffer, 0  # from now on it is computed
        if not any(t.buffer == old for each in model.subgraphs for t in each.tensors):
            model.buffers[old].data = None
        step = schema.OperatorT()
        step.opcodeIndex, step.inputs, step.outputs = widen, [stored], [place]
        graph.operators.insert(0, step)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
