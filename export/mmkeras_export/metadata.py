"""TFLite's own metadata: what Netron, Android Studio and MediaPipe read of a model.

The schema is metadata_schema.fbs of MediaPipe, its fields by their place. It needs no package:
tflite-support, which wrote it, is no longer made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import flatbuffers
import numpy as np

from mmkeras_edge.card import Card
from mmkeras_edge.file import TOKENIZER
from mmkeras_edge.outputs import OutputSpec
from mmkeras_edge.specs import AudioSpec, ImageSpec, InputSpec, presence_name

IDENTIFIER, PARSER = b"M001", "1.3.0"  # of the schema; 1.3.0 brought audio

BYTES = ("properties_type", "color_space", "options_type", "type")  # other numbers have four
TABLES = {  # fields in the order of the schema
    "Model": "name description version subgraph_metadata author license associated_files "
    "min_parser_version",
    "SubGraph": "name description input_tensor_metadata output_tensor_metadata",
    "Tensor": "name description dimension_names content process_units stats associated_files",
    "Content": "properties_type properties range",
    "Image": "color_space default_size",
    "ImageSize": "width height",
    "Audio": "sample_rate channels",
    "Feature": "",
    "Process": "options_type options",
    "Normalization": "mean std",
    "Stats": "max min",
    "File": "name description type",
}
FEATURE, IMAGE, AUDIO = 1, 2, 4  # kinds of content
NORMALIZATION = 1  # a kind of processing
RGB = 1  # a kind of color space
OTHER_FILE, AXIS_LABELS = 0, 2  # kinds of associated files


Fields = Mapping[str, Any]


class Table(NamedTuple):
    """A table of the schema; its fields are texts, numbers, tables, and lists of one of them."""

    kind: str
    fields: Fields


def metadata_of(card: Card, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The metadata as a flatbuffer; inputs and outputs are in the order of the graph, not of the
    signature."""
    given, said = ", ".join(card.inputs), ", ".join(card.outputs)
    description = (
        f"{said} from {given}; {card.precision}. How raw inputs become tensors stands in "
        "card.json: unzip this file."
    )
    graph = Table(
        "SubGraph",
        {
            "name": f"{said} from {given}",
            "input_tensor_metadata": [_input(card, name) for name in inputs],
            "output_tensor_metadata": [_output(card, name) for name in outputs],
        },
    )
    model = Table(
        "Model",
        {
            "name": f"{said} from {given}",
            "description": description,
            "version": f"card {card.format_version}",
            "subgraph_metadata": [graph],
            "author": f"mmkeras {card.versions.get('mmkeras', '')}".strip(),
            "min_parser_version": PARSER,
        },
    )
    builder = flatbuffers.Builder()
    builder.Finish(_write(builder, model), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def label_files(card: Card) -> dict[str, bytes]:
    """The files that name the values of the outputs: one label a line."""
    return {
        _file_of(name): "".join(f"{' '.join(label.split())}\n" for label in labels).encode()
        for name, spec in card.outputs.items()
        if (labels := _labels(spec))
    }


def _labels(spec: OutputSpec) -> tuple[str, ...]:
    """One a value: of no or yes, the value is how likely yes is."""
    return getattr(spec, "labels", ())[-spec.shape[0] :]


def _file_of(output: str) -> str:
    return f"{output}_labels.txt"


def _input(card: Card, name: str) -> Table:
    for optional in card.optional:
        if name == presence_name(optional):
            about = f"1 where {optional!r} is given, 0 where it is absent and filled with zeros"
            return _tensor(name, about, Table("Feature", {}), (0, 1))
    if name not in card.inputs:  # whether a card fits its graph is checked elsewhere
        return _tensor(name, "", Table("Feature", {}))
    spec = card.inputs[name]
    content, about, span = CONTENTS.get(spec.kind, _feature)(spec)
    files = [_file(TOKENIZER, "the tokenizer of Hugging Face's tokenizers", OTHER_FILE)]
    return _tensor(name, about, content, span, files if spec.kind == "text" else [])


def _output(card: Card, name: str) -> Table:
    if name not in card.outputs:
        return _tensor(name, "", Table("Feature", {}))
    spec = card.outputs[name]
    labels = [_file(_file_of(name), "what each value is", AXIS_LABELS)] if _labels(spec) else []
    span = (0, 1) if labels else None
    return _tensor(name, spec.about, Table("Feature", {}), span, labels)


Content = tuple[Table, str, tuple[float, float] | None]  # how it is read, in words, its range


def _image(spec: ImageSpec) -> Content:
    size = Table("ImageSize", {"width": spec.width_px, "height": spec.height_px})
    about = f"RGB picture, {spec.height_px} x {spec.width_px} pixels, 0 to 255; fit: {spec.fit}"
    if spec.views > 1:
        return _feature(spec)
    return Table("Image", {"color_space": RGB, "default_size": size}), about, (0, 255)


def _audio(spec: AudioSpec) -> Content:
    sound = Table("Audio", {"sample_rate": spec.rate_hz, "channels": 1})
    return sound, f"mono PCM, {spec.clip_ms} ms at {spec.rate_hz} Hz", (-1, 1)


def _feature(spec: InputSpec) -> Content:
    return Table("Feature", {}), f"{spec.kind}, {spec.dtype} {spec.shape}", None


CONTENTS: dict[str, Callable[..., Content]] = {"image": _image, "audio": _audio}


def _tensor(
    name: str,
    about: str,
    content: Table,
    span: tuple[float, float] | None = None,
    files: Sequence[Table] = (),
) -> Table:
    """What stands in the graph is what is fed: mean 0 and deviation 1 say so to those who ask."""
    kind = {"Feature": FEATURE, "Image": IMAGE, "Audio": AUDIO}[content.kind]
    plain = Table("Normalization", {"mean": [0.0], "std": [1.0]})
    fields: dict[str, Any] = {
        "name": name,
        "description": about,
        "content": Table("Content", {"properties_type": kind, "properties": content}),
        "process_units": [Table("Process", {"options_type": NORMALIZATION, "options": plain})],
        "associated_files": list(files),
    }
    if span:
        fields["stats"] = Table("Stats", {"max": [float(span[1])], "min": [float(span[0])]})
    return Table("Tensor", fields)


def _file(name: str, about: str, kind: int) -> Table:
    return Table("File", {"name": name, "description": about, "type": kind})


def _write(builder: flatbuffers.Builder, table: Table) -> int:
    """Writes a table behind its fields, and returns where."""
    names = TABLES[table.kind].split()
    places = {n: _written(builder, of) for n, of in table.fields.items() if of not in ([], "")}
    builder.StartObject(len(names))
    for name, value in places.items():
        slot = names.index(name)
        if not isinstance(table.fields[name], int):
            builder.PrependUOffsetTRelativeSlot(slot, value, 0)
        elif name in BYTES:
            builder.PrependUint8Slot(slot, value, 0)
        else:
            builder.PrependUint32Slot(slot, value, 0)
    return builder.EndObject()


def _written(builder: flatbuffers.Builder, value: Any) -> int:
    """Where a value stands; of a number, itself."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, Table):
        return _write(builder, value)
    if isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    return offsets(builder, [_write(builder, table) for table in value])


def offsets(builder: flatbuffers.Builder, places: Sequence[int]) -> int:
    """A vector of what stands at these places."""
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return builder.EndVector()
