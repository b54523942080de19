"""The standard metadata, read back by the places that metadata_schema.fbs gives its fields."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from mmkeras_edge.file import open_file
from mmkeras_edge.graph import Graph
from mmkeras_edge.outputs import BinarySpec, ClassifySpec, RegressSpec
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec
from mmkeras_export.annotating import annotated, with_note
from mmkeras_export.metadata import label_files

TINY = Path(__file__).parents[1] / "edge/tiny.tflite"


class Reader:
    """A table of a flatbuffer, its fields by their number in the schema."""

    def __init__(self, content: bytes, position: int):
        self.table = flatbuffers.table.Table(content, position)

    def _at(self, field: int) -> int:
        return self.table.Pos + self.table.Offset(4 + 2 * field)

    def has(self, field: int) -> bool:
        return self.table.Offset(4 + 2 * field) != 0

    def text(self, field: int) -> str:
        return self.table.String(self._at(field)).decode()

    def byte(self, field: int) -> int:
        return self.table.Bytes[self._at(field)] if self.has(field) else 0

    def number(self, field: int) -> int:
        return struct.unpack_from("<I", self.table.Bytes, self._at(field))[0]

    def table_at(self, field: int) -> Reader:
        return Reader(self.table.Bytes, self.table.Indirect(self._at(field)))

    def _vector(self, field: int) -> list[int]:
        if not self.has(field):
            return []
        offset = self.table.Offset(4 + 2 * field)
        start, count = self.table.Vector(offset), self.table.VectorLen(offset)
        return [start + 4 * i for i in range(count)]

    def tables(self, field: int) -> list[Reader]:
        return [Reader(self.table.Bytes, self.table.Indirect(at)) for at in self._vector(field)]

    def floats(self, field: int) -> list[float]:
        return [struct.unpack_from("<f", self.table.Bytes, at)[0] for at in self._vector(field)]


def read_metadata(lite: bytes) -> Reader:
    model = schema.Model.GetRootAs(lite)
    notes = {(note := model.Metadata(i)).Name(): note for i in range(model.MetadataLength())}
    content = model.Buffers(notes[b"TFLITE_METADATA"].Buffer()).DataAsNumpy().tobytes()
    assert content[4:8] == b"M001"
    return Reader(content, struct.unpack_from("<I", content)[0])


@pytest.fixture(scope="module")
def plain():
    """A model over an image, a text and a sound that may be absent, and its card."""
    file = open_file(TINY)
    return TINY.read_bytes()[: file.card.model_bytes], file.card


def test_every_tensor_is_described_in_the_order_of_the_graph(plain):
    lite, card = plain
    (graph,) = read_metadata(annotated(lite, card)).tables(3)
    inputs = {tensor.text(0): tensor for tensor in graph.tables(2)}
    model = schema.Model.GetRootAs(lite)
    tensors = [model.Subgraphs(0).Tensors(model.Subgraphs(0).Inputs(i)) for i in range(4)]
    shapes = [tensor.ShapeAsNumpy()[1:].tolist() for tensor in tensors]
    wanted = {"image": [8, 8, 3], "text": [6], "audio": [160], "audio_present": []}
    assert [wanted[name] for name in inputs] == shapes
    assert [tensor.text(0) for tensor in graph.tables(3)] == ["label"]


def test_a_picture_has_its_size_its_colours_and_no_normalisation_of_its_own(plain):
    (graph,) = read_metadata(annotated(*plain)).tables(3)
    inputs = {tensor.text(0): tensor for tensor in graph.tables(2)}
    content = inputs["image"].table_at(3)
    size = content.table_at(1).table_at(1)
    assert (content.byte(0), content.table_at(1).byte(0)) == (2, 1)  # ImageProperties, RGB
    assert (size.number(0), size.number(1)) == (8, 8)
    (unit,) = inputs["image"].tables(4)
    assert (unit.byte(0), unit.table_at(1).floats(0), unit.table_at(1).floats(1)) == (1, [0], [1])
    stats = inputs["image"].table_at(5)
    assert (stats.floats(0), stats.floats(1)) == ([255], [0])


def test_a_sound_has_its_rate_and_a_text_its_tokenizer(plain):
    (graph,) = read_metadata(annotated(*plain)).tables(3)
    inputs = {tensor.text(0): tensor for tensor in graph.tables(2)}
    content = inputs["audio"].table_at(3)
    assert (content.byte(0), content.table_at(1).number(0)) == (4, 16_000)  # AudioProperties
    assert content.table_at(1).number(1) == 1
    assert [file.text(0) for file in inputs["text"].tables(6)] == ["tokenizer.json"]
    assert inputs["text"].table_at(3).byte(0) == 1  # FeatureProperties


def test_labels_are_a_file_that_the_output_names(plain):
    lite, card = plain
    (graph,) = read_metadata(annotated(lite, card)).tables(3)
    (file,) = graph.tables(3)[0].tables(6)
    assert (file.text(0), file.byte(2)) == ("label_labels.txt", 2)  # TENSOR_AXIS_LABELS
    assert label_files(card) == {"label_labels.txt": b"bright\nwordy\nloud\n"}


def test_of_no_and_yes_the_value_is_yes_and_a_number_has_no_labels(plain):
    outputs = {"rain": BinarySpec(("dry", "wet\nday")), "age": RegressSpec("years")}
    assert label_files(replace(plain[1], outputs=outputs)) == {"rain_labels.txt": b"wet day\n"}


def test_the_model_answers_as_before_and_its_bytes_are_the_end_of_the_file(plain):
    lite, card = plain
    file = annotated(lite, card)
    assert file.rstrip(b"\0").endswith(lite[8:].rstrip(b"\0"))  # all but where its root was
    assert len(file) < len(lite) + 3_000
    random = np.random.default_rng(0)
    feed = {
        "image": random.integers(0, 256, (8, 8, 3)).astype(np.uint8),
        "text": np.arange(6, dtype=np.int32),
        "audio": random.uniform(-1, 1, 160).astype(np.float32),
        "audio_present": np.array(1, np.float32),
    }
    answers = [Graph(model).run(feed)["label"] for model in (lite, file)]
    np.testing.assert_array_equal(*answers)


def test_weights_stay_aligned_and_other_notes_stay(plain):
    lite, card = plain
    model = schema.Model.GetRootAs(annotated(lite, card))
    names = {model.Metadata(i).Name() for i in range(model.MetadataLength())}
    old = schema.Model.GetRootAs(lite)
    kept = {old.Metadata(i).Name() for i in range(old.MetadataLength())}
    assert names == {*kept, b"TFLITE_METADATA"}
    data = model.Buffers(model.BuffersLength() - 1)
    assert data._tab.Vector(data._tab.Offset(4)) % 16 == 0


def test_the_same_card_gives_the_same_bytes_and_a_new_one_replaces_the_old(plain):
    lite, card = plain
    once = annotated(lite, card)
    assert once == annotated(lite, card)
    other = replace(card, outputs={"label": ClassifySpec(("a", "b", "c"))}, precision="int8")
    again = annotated(once, other)
    assert schema.Model.GetRootAs(again).MetadataLength() == (
        schema.Model.GetRootAs(once).MetadataLength()
    )
    assert "; int8. " in read_metadata(again).text(1)


def test_weights_that_are_found_by_their_place_in_the_file_move_with_it():
    builder = flatbuffers.Builder()
    builder.StartObject(3)
    builder.PrependUint64Slot(1, 512, 0)  # behind the flatbuffer
    builder.PrependUint64Slot(2, 4, 0)
    weights = builder.EndObject()
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(weights)
    buffers = builder.EndVector()
    builder.StartObject(8)
    builder.PrependUint32Slot(0, 3, 0)
    builder.PrependUOffsetTRelativeSlot(4, buffers, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    lite = bytes(builder.Output()).ljust(512, b"\0") + b"\1\2\3\4"
    noted = with_note(lite, "note", b"hello")
    model = schema.Model.GetRootAs(noted)
    at, size = model.Buffers(0).Offset(), model.Buffers(0).Size()
    assert noted[at : at + size] == b"\1\2\3\4"
    assert (at % 16, model.Version()) == (0, 3)
    assert model.Buffers(model.Metadata(0).Buffer()).DataAsNumpy().tobytes() == b"hello"


def test_views_of_a_thing_and_other_specs_are_features(plain):
    lite, card = plain
    inputs = {"image": ImageSpec(8, 8, views=2), "text": TextSpec(6), "audio": AudioSpec()}
    (graph,) = read_metadata(annotated(lite, replace(card, inputs=inputs))).tables(3)
    found = {tensor.text(0): tensor for tensor in graph.tables(2)}
    assert found["image"].text(1) == "image, uint8 (2, 8, 8, 3)"
    assert found["audio_present"].text(1).startswith("1 where 'audio' is given")
