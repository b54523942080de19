"""Python is run and, where mypy is, checked; Kotlin and Swift are parsed where tree-sitter is."""

import importlib.util
import json
from dataclasses import replace

import numpy as np
import pytest

from mmkeras_edge import load
from mmkeras_edge.cli import main
from mmkeras_edge.outputs import ClassifySpec, RegressSpec
from mmkeras_edge.specs import ImageSpec, SensorSpec, TableSpec, TextSpec
from mmkeras_edge.stubs import LANGUAGES, face_of, stubs
from mmkeras_edge.stubs.face import Entry, Exit, camel, named, pascal, quoted, upper

HOSTILE = '"; */ ${System.exit(1)} \\(x) \ud800\U0001f600\n"""'


@pytest.fixture
def face(model):
    return face_of(model)


@pytest.fixture
def odd(face):
    """Names that are no names in any language, and every kind of number."""
    port = face.entries[1].port
    specs = {
        "left-camera": ImageSpec(4, 6, views=2),
        "class": TextSpec(6),
        "3d": SensorSpec(2, names=("x axis", HOSTILE)),
        "left_camera": TableSpec(("age",), {"kind": (HOSTILE, "b")}),
    }
    entries = [
        Entry(name, spec, port._replace(shape=spec.shape, dtype=np.dtype(spec.dtype)), None)
        for name, spec in specs.items()
    ]
    entries[2] = replace(entries[2], present="3d_present")
    entries[1] = replace(entries[1], port=port._replace(dtype=np.dtype("int8"), scale=0.5, zero=-7))
    out = face.exits[0].port
    exits = [
        Exit("return", ClassifySpec(("a", HOSTILE)), out._replace(shape=(2,))),
        Exit("left-camera", RegressSpec("°C"), out._replace(shape=(1,))),
    ]
    return replace(face, entries=tuple(entries), exits=tuple(exits))


def module(path, name: str = "tiny_face"):
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_python_loads_its_file_and_no_other(tiny, repack, tmp_path, capsys):
    path = tmp_path / "face.py"
    assert main(["stubs", str(tiny), "--out", str(path)]) == 0
    face = module(path)
    white = np.full((8, 8, 3), 255, np.uint8)
    assert face.load(tiny).predict(image=white, text="abc")["label"].label == "bright"
    assert face.LabelLabel.__args__ == ("bright", "wordy", "loud")
    assert face.load(repack(notes=("another card",)))  # of the same model
    path.write_text(path.read_text().replace(face.MODEL_SHA256, "0" * 64))
    with pytest.raises(ValueError, match="is another model; write this again: mmkeras-edge stubs"):
        module(path).load(tiny)


def test_python_says_shapes_and_units(model):
    text = stubs(model, "python")
    assert "'image': image, uint8 8 x 8 x 3 (height_px 8, width_px 8, " in text
    assert "'audio': audio, float32 160, may be absent (rate_hz 16000, clip_ms 10)" in text
    assert "image: ImageSource, text: str, audio: AudioSource | None = None) -> " in text


def test_what_is_no_name_in_python_goes_by_a_dict(odd, tmp_path):
    path = tmp_path / "odd.py"
    path.write_text(LANGUAGES["python"](odd), encoding="utf-8", errors="strict")
    found = module(path, "odd_face")
    assert found.ReturnLabel.__args__ == ("a", HOSTILE)
    assert set(found.TinyAnswer.__annotations__) == {"return", "left-camera"}
    assert "left_camera: TableSource, **others: Any" in path.read_text()


@pytest.mark.slow
def test_mypy_finds_a_wrong_call(model, tmp_path):
    api = pytest.importorskip("mypy.api")
    (tmp_path / "face.py").write_text(stubs(model, "python"))
    (tmp_path / "use.py").write_text(
        "import face\n"
        "model = face.load('tiny.tflite')\n"
        "scores = model.predict(image=b'', text='abc')['label']\n"
        "reveal_type(scores)\n"
        "model.predict(image=b'', text=7)\n"
        "model.predict(imgae=b'', text='abc')\n"
        "model.predict(image=b'', text='abc')['lable']\n"
    )
    options = ["--strict", "--no-incremental", "--config-file=", "--follow-imports=silent"]
    out, _, _ = api.run([*options, str(tmp_path / "face.py"), str(tmp_path / "use.py")])
    found = [line.partition(": ")[2] for line in out.splitlines()]
    assert 'note: Revealed type is "mmkeras_edge.readings.Scores"' in found
    wrong = [line.rpartition("[")[2] for line in found if line.startswith("error")]
    assert wrong == ["arg-type]", "call-arg]", "typeddict-item]"], out


@pytest.mark.parametrize("language", ["kotlin", "swift"])
@pytest.mark.parametrize("which", ["face", "odd"])
def test_a_parser_takes_what_is_written(language, which, request):
    """Syntax alone: no compiler of either looks at types here."""
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip(f"tree_sitter_{language}")
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    text = LANGUAGES[language](request.getfixturevalue(which))
    assert not parser.parse(text.encode()).root_node.has_error, text
    assert parser.parse(text.replace("{", "(").encode()).root_node.has_error


def test_kotlin_and_swift_name_tensors_and_presence(face):
    text = LANGUAGES["kotlin"](face)
    assert 'const val SIGNATURE = "serve"' in text
    assert "        const val HEIGHT_PX = 8\n" in text
    assert 'feed["audio_present"] = floatArrayOf(if (audio == null) 0f else 1f)' in text
    assert 'val LABELS = listOf("bright", "wordy", "loud")' in text
    text = LANGUAGES["swift"](face)
    assert "public static let shape: [Int] = [8, 8, 3]" in text
    assert "public init(image: [UInt8], text: [Int32], audio: [Float32]? = nil)" in text


@pytest.mark.parametrize("language", ["kotlin", "swift"])
def test_a_strangers_labels_stay_strings(odd, language):
    text = LANGUAGES[language](odd)
    live = {"kotlin": "${System", "swift": "\\(x)"}[language]  # would be run as code
    assert text.count(live) == text.count("\\" + live) > 0
    assert "\ud800" not in text
    assert {"kotlin": "\\ud800", "swift": "\\u{fffd}"}[language] in text


def test_names_are_names_and_each_is_there_once():
    assert (pascal("left-camera"), camel("left-camera"), upper("left-camera")) == (
        "LeftCamera",
        "leftCamera",
        "LEFT_CAMERA",
    )
    assert (pascal("3d"), pascal("камера"), camel("Größe")) == ("N3d", "Model", "grE")
    assert list(named(["a b", "a-b", "in"], camel, {"in"}).values()) == ["aB", "aB2", "in2"]
    assert quoted('a"\x00', {'"': '\\"'}, lambda code: f"<{code}>") == '"a\\"<0>"'


def test_another_language_is_refused(model):
    with pytest.raises(ValueError, match="unknown language 'kotlon'; did you mean 'kotlin'"):
        stubs(model, "kotlon")


def test_the_verb_prints_text_or_json(tiny, capsys):
    assert main(["stubs", str(tiny), "--lang", "swift"]) == 0
    text = capsys.readouterr().out
    assert main(["stubs", str(tiny), "--lang", "swift", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == text
    assert load(tiny).graph.signature in text
