"""Whatever is given, the answer is an array of the right shape or a ValueError that says so."""

import io
import json
import wave
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmkeras_edge.audio import load_audio
from mmkeras_edge.file import open_file
from mmkeras_edge.golden import read_golden
from mmkeras_edge.image import load_image
from mmkeras_edge.inputs import load_input
from mmkeras_edge.recording import LIMIT_LINE
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import (
    AudioSpec,
    ImageSpec,
    SensorSpec,
    TableSpec,
    TextSpec,
    VideoSpec,
)
from mmkeras_edge.table import LIMIT_JSON, load_table

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

SPECS = {
    "image": ImageSpec(4, 4),
    "audio": AudioSpec(clip_ms=32),
    "sensor": SensorSpec(2, 50.0, 100),
    "table": TableSpec(("age",), {"kind": ("cat", "dog")}),
    "video": VideoSpec(2, 4, 4),
}
FEW = hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)


def whole(kind: str) -> bytes:
    """A good one of each kind."""
    file = io.BytesIO()
    if kind == "image":
        Image.linear_gradient("L").resize((9, 9)).save(file, "PNG")
    elif kind == "audio":
        with wave.open(file, "wb") as sound:
            sound.setparams((1, 2, 8_000, 0, "NONE", ""))
            sound.writeframes(bytes(range(256)))
    elif kind == "sensor":
        file.write(b"time,x,y\n" + b"".join(b"%d,%d,2\n" % (i, i) for i in range(9)))
    elif kind == "table":
        file.write(b'{"age": 3, "kind": "cat"}')
    else:
        frames = [Image.new("RGB", (5, 5), (40 * i, 0, 0)) for i in range(3)]
        frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


WHOLE = {kind: whole(kind) for kind in SPECS}
BEGINNINGS = [b"", b"\x93NUMPY\x01\x00", b"RIFF", b"\xff\xfb\x90", b"\x89PNG\r\n\x1a\n", b"GIF89a"]


@st.composite
def damaged(draw, kind: str) -> bytes:
    """A good file with bytes changed, and cut; or anything behind a familiar beginning."""
    content = bytearray(WHOLE[kind])
    if draw(st.booleans()):
        return draw(st.sampled_from(BEGINNINGS)) + draw(st.binary(max_size=300))
    for _ in range(draw(st.integers(0, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    return bytes(content[: draw(st.integers(0, len(content)))])


def outcome(call: Callable[[], Any]) -> Any:
    """What it returns, or the message of what it may raise."""
    try:
        return call()
    except (ValueError, ImportError) as error:  # ImportError: a film wants PyAV
        return str(error)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of what it reads nevertheless
@pytest.mark.parametrize("kind", SPECS)
def test_damaged_content_is_an_array_or_a_value_error(kind):
    spec = SPECS[kind]

    @FEW
    @hypothesis.given(damaged(kind))
    def check(content: bytes) -> None:
        found = outcome(lambda: load_input(content, spec))
        if isinstance(found, str):
            assert found.startswith((kind, "image"))  # a film is of images
        else:
            assert (found.shape, found.dtype) == (spec.shape, np.dtype(spec.dtype))

    check()
    assert load_input(WHOLE[kind], spec).shape == spec.shape


def test_any_text_is_tokens_or_a_value_error(model):
    spec = TextSpec(6)

    @FEW
    @hypothesis.given(st.text(st.characters(codec=None), max_size=80))
    def check(text: str) -> None:
        found = outcome(lambda: load_input(text, spec, model.tokenizer))
        assert found.startswith("text: ") if isinstance(found, str) else found.shape == (6,)

    check()


@pytest.mark.parametrize("kind", [*SPECS, "text"])
def test_anything_else_is_refused_with_what_came_and_what_is_wanted(kind, model):
    spec = {**SPECS, "text": TextSpec(6)}[kind]
    for wrong in (7, 0.5, object(), {1, 2}, lambda: 0, None):
        with pytest.raises(ValueError, match=rf"^{kind}: wanted .*received {type(wrong).__name__}"):
            load_input(wrong, spec, model.tokenizer)


def test_a_file_with_any_byte_changed_opens_unchanged_or_not_at_all(tiny, tmp_path):
    content, file = tiny.read_bytes(), open_file(tiny)
    path = tmp_path / "changed.tflite"

    @FEW
    @hypothesis.given(st.integers(8, len(content) - 1), st.integers(1, 255), st.booleans())
    def check(at: int, by: int, cut: bool) -> None:
        rest = b"" if cut else content[at + 1 :]
        path.write_bytes(content[:at] + bytes([content[at] ^ by]) + rest)
        found = outcome(lambda: open_file(path))
        if isinstance(found, str):
            assert "changed.tflite" in found
        else:
            assert (found.card, found.tokenizer_json) == (file.card, file.tokenizer_json)
            assert read_golden(found)

    check()


@pytest.mark.parametrize("begin", [b"FORM\x00\x00\x00\x20AIFF", b".snd" + bytes(24), b"MATLAB 5.0"])
def test_formats_beside_the_list_do_not_reach_a_parser(begin):
    with pytest.raises(ValueError, match=r"is no sound; wanted WAV, FLAC, OGG or MP3$"):
        load_audio(begin + bytes(100), SPECS["audio"])


def test_a_sound_of_many_channels_is_refused_before_it_is_read():
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((200, 2, 8_000, 0, "NONE", ""))
        sound.writeframes(bytes(400))
    with pytest.raises(ValueError, match="has 200 channels, too many"):
        load_audio(file.getvalue(), SPECS["audio"])


def test_an_endless_line_is_not_held(tmp_path):
    line = b"1," * LIMIT_LINE
    with pytest.raises(ValueError, match="sensor: "):
        load_sensor(b"x,y\n" + line, SPECS["sensor"])


def test_a_long_record_is_refused_before_it_is_read():
    with pytest.raises(ValueError, match=r"table: 1,048,5\d\d letters, more than 1,048,576"):
        load_table(
            json.dumps({"kind": "x" * LIMIT_JSON})[:-1].replace('"kind": ', ""), SPECS["table"]
        )


def test_a_header_that_lies_of_its_size_costs_no_memory():
    lie = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 2), }"
    content = b"\x93NUMPY\x01\x00" + len(lie).to_bytes(2, "little") + lie
    with pytest.raises(ValueError, match="sensor: "):
        load_sensor(content, SPECS["sensor"])
    with pytest.raises(ValueError, match="image: "):
        load_image(content, SPECS["image"])
