"""A note in a TFLite file, beside the model and without writing that anew."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from mmkeras_edge.card import Card
from mmkeras_edge.graph import Graph
from mmkeras_export.metadata import metadata_of, offsets

Tensor = Mapping[str, Any]  # what the runtime says of it

NAME = "TFLITE_METADATA"
ALIGNED = 16  # bytes: what TFLite wants of its buffers
# Fields in the table of a model; the first is a number, all others refer to something.
VERSION, BUFFERS, METADATA, FIELDS = 0, 4, 6, 10
OFFSET = 6  # the place of a buffer's offset in its table of places


def annotated(lite: bytes, card: Card) -> bytes:
    """The model with the standard metadata of its card, instead of any that it had.

    Raises ValueError for what is no model.
    """
    graph = Graph(lite)
    inputs = _in_order(graph.interpreter.get_input_details(), graph.inputs)
    outputs = _in_order(graph.interpreter.get_output_details(), graph.outputs)
    return with_note(lite, NAME, metadata_of(card, inputs, outputs))


def _in_order(tensors: Iterable[Tensor], named: Mapping[str, Tensor]) -> list[str]:
    """What a signature calls the tensors of a graph, which has them in another order."""
    names = {tensor["index"]: name for name, tensor in named.items()}
    return [names[tensor["index"]] for tensor in tensors]


def with_note(lite: bytes, name: str, content: bytes) -> bytes:
    """The model with a named buffer beside its own, instead of an older one of that name.

    What is there stays, byte for byte, at the end of the new file: references of a flatbuffer lead
    forward alone, so that a table in front can refer to all of it. Unpacked and packed again, 150
    MB of weights would take many seconds.
    """
    model = schema.Model.GetRootAs(lite)
    buffers = [model.Buffers(i) for i in range(model.BuffersLength())]
    notes = [model.Metadata(i) for i in range(model.MetadataLength())]
    kept = [note for note in notes if note.Name() != name.encode()]
    builder, end = front_of(lite, len(content) + 8 * len(buffers))
    places = lambda tables: [end - table._tab.Pos for table in tables]  # noqa: E731
    buffer = _buffer(builder, content)
    note = _note(builder, name, len(buffers))
    new = {
        BUFFERS: offsets(builder, [*places(buffers), buffer]),
        METADATA: offsets(builder, [*places(kept), note]),
    }
    builder.Finish(model_table(builder, model, end, new), file_identifier=b"TFL3")
    return shifted(builder.Output(), end, buffers)


def front_of(lite: bytes, room: int) -> tuple[flatbuffers.Builder, int]:
    """A builder that has written the file already, and how long that is: a builder works from the
    end to the front, and counts its places from the end."""
    end = -(-len(lite) // ALIGNED) * ALIGNED
    builder = flatbuffers.Builder(end + room + 4096)
    builder.head = len(builder.Bytes) - end
    builder.Bytes[builder.head : builder.head + len(lite)] = lite
    builder.minalign = ALIGNED
    return builder, end


def _buffer(builder: flatbuffers.Builder, content: bytes) -> int:
    builder.StartVector(1, len(content), ALIGNED)
    builder.head -= len(content)
    builder.Bytes[builder.head : builder.head + len(content)] = content
    data = builder.EndVector()
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, data, 0)
    return builder.EndObject()


def _note(builder: flatbuffers.Builder, name: str, buffer: int) -> int:
    title = builder.CreateString(name)
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(0, title, 0)
    builder.PrependUint32Slot(1, buffer, 0)
    return builder.EndObject()


def model_table(
    builder: flatbuffers.Builder, model: schema.Model, end: int, new: Mapping[int, int]
) -> int:
    """Writes the model's table again, with some fields of its own, and returns where."""
    old = model._tab
    places = [old.Offset(4 + 2 * slot) for slot in range(FIELDS)]
    builder.StartObject(FIELDS)
    builder.PrependUint32Slot(VERSION, model.Version(), 0)
    for slot in range(1, FIELDS):
        if slot in new:
            builder.PrependUOffsetTRelativeSlot(slot, new[slot], 0)
        elif places[slot]:
            target = old.Indirect(old.Pos + places[slot])
            builder.PrependUOffsetTRelativeSlot(slot, end - target, 0)
    return builder.EndObject()


def shifted(file: bytearray, end: int, buffers: Sequence[schema.Buffer]) -> bytes:
    """litert_quantizer puts weights behind the flatbuffer, and they are found by their place in the
    file: the only ones that do not move along with what refers to them."""
    shift = len(file) - end
    for buffer in buffers:
        if buffer.Offset() > 1:
            at = shift + buffer._tab.Pos + buffer._tab.Offset(OFFSET)
            struct.pack_into("<Q", file, at, buffer.Offset() + shift)
    return bytes(file)
