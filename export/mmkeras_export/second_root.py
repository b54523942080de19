"""A second way into a TFLite file: its branches and its fusion as signatures, on the same weights.

They are subgraphs whose operators and tensors are those of the whole graph, the very same bytes: 1
to 3 kB more, and the same arithmetic whatever the number format. As signatures beside the main
one they would double the time and the memory of every loading, because XNNPACK packs the weights
of each subgraph for itself. So they have a root of their own, which nobody meets who does not look
for it: who writes its place, `branches_root` of the card, over the first four bytes of the file
opens the pieces instead of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from mmkeras_export.annotating import front_of, model_table, shifted
from mmkeras_export.dividing import Piece, operations_of, pieces_of
from mmkeras_export.fronts import fronts_of
from mmkeras_export.metadata import offsets

# Fields of the tables that are written, by their place in the schema.
SUBGRAPHS, SIGNATURES = 2, 7
TENSORS = 4  # the place of a subgraph's tensors in its table of places


class Divided(NamedTuple):
    """A file, and the place of its second root; 0 for a graph that has no pieces."""

    lite: bytes
    root: int


def divided(lite: bytes, presence: Iterable[str] = ()) -> Divided:
    """The file with a signature for each branch, one for the fusion and one for each spectrogram
    behind a second root.

    `presence` are the inputs that say whether another one is there. Bytes written in front of the
    file later on would move the root.
    """
    model = schema.Model.GetRootAs(lite)
    graph, signature = model.Subgraphs(0), model.SignatureDefs(0)
    feeds = [signature.Inputs(i) for i in range(signature.InputsLength())]
    answers = [signature.Outputs(i) for i in range(signature.OutputsLength())]
    operations = operations_of(graph)
    entries = {tensor.Name().decode(): tensor.TensorIndex() for tensor in feeds}
    exits = {tensor.Name().decode(): tensor.TensorIndex() for tensor in answers}
    pieces = pieces_of(operations, entries, exits, frozenset(presence))
    if not pieces:
        return Divided(lite, 0)
    pieces |= fronts_of(operations, entries)
    return _written(lite, model, pieces)


def _written(lite: bytes, model: schema.Model, pieces: Mapping[str, Piece]) -> Divided:
    graph = model.Subgraphs(0)
    each = 256 + 16 * graph.OperatorsLength()
    builder, end = front_of(lite, len(pieces) * each)
    graphs = [_subgraph(builder, end, graph, name, piece) for name, piece in pieces.items()]
    # Loops know their bodies by number: these stay, and the first piece takes the whole's place.
    bodies = [end - model.Subgraphs(i)._tab.Pos for i in range(1, model.SubgraphsLength())]
    numbers = [0, *range(1 + len(bodies), len(pieces) + len(bodies))]
    signatures = [
        _signature(builder, name, piece, number)
        for (name, piece), number in zip(pieces.items(), numbers, strict=True)
    ]
    new = {
        SUBGRAPHS: offsets(builder, [graphs[0], *bodies, *graphs[1:]]),
        SIGNATURES: offsets(builder, signatures),
    }
    second = model_table(builder, model, end, new)
    builder.Finish(model_table(builder, model, end, {}), file_identifier=b"TFL3")
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    file = shifted(builder.Output(), end, buffers)
    return Divided(file, len(file) - second)


def _subgraph(
    builder: flatbuffers.Builder, end: int, whole: schema.SubGraph, name: str, piece: Piece
) -> int:
    old = whole._tab
    at = old.Pos + old.Offset(TENSORS)
    tensors = end - old.Indirect(at)
    operators = offsets(builder, [end - whole.Operators(i)._tab.Pos for i in piece.operators])
    inputs = _numbers(builder, list(piece.inputs.values()))
    outputs = _numbers(builder, list(piece.outputs.values()))
    title = builder.CreateString(name)
    builder.StartObject(5)
    for slot, place in enumerate((tensors, inputs, outputs, operators, title)):
        builder.PrependUOffsetTRelativeSlot(slot, place, 0)
    return builder.EndObject()


def _signature(builder: flatbuffers.Builder, name: str, piece: Piece, subgraph: int) -> int:
    inputs, outputs = _named(builder, piece.inputs), _named(builder, piece.outputs)
    key = builder.CreateString(name)
    builder.StartObject(5)
    for slot, place in enumerate((inputs, outputs, key)):
        builder.PrependUOffsetTRelativeSlot(slot, place, 0)
    builder.PrependUint32Slot(4, subgraph, 0)
    return builder.EndObject()


def _named(builder: flatbuffers.Builder, tensors: Mapping[str, int]) -> int:
    places = []
    for name, number in tensors.items():
        title = builder.CreateString(name)
        builder.StartObject(2)
        builder.PrependUOffsetTRelativeSlot(0, title, 0)
        builder.PrependUint32Slot(1, number, 0)
        places.append(builder.EndObject())
    return offsets(builder, places)


def _numbers(builder: flatbuffers.Builder, values: Sequence[int]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependInt32(value)
    return builder.EndVector()
