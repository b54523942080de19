import dataclasses
import json
from contextlib import nullcontext

import keras
import numpy as np
import pytest

import mmkeras
import mmkeras_edge
from mmkeras.provenance import versions
from mmkeras.run import Run
from mmkeras_edge.verify import verify
from mmkeras_export import ConversionError, GateError, convert, export, export_all
from tests.converters import conversions, crashing, hanging
from tests.precisions import EVERYDAY

every_precision = pytest.mark.parametrize("precision", EVERYDAY)


@every_precision
def test_a_file_answers_raw_inputs_with_or_without_the_optional_ones(precision, files, stamps):
    model = mmkeras_edge.load(files.paths[precision])
    sources = stamps.valid.sources(0)
    assert set(model.predict(**sources)) == {"category", "language"}
    scores = model.predict(image=sources["image"])
    assert scores["category"].label in stamps.train.classes("category")


@every_precision
def test_what_an_absent_input_holds_never_reaches_the_answer(precision, files, run, stamps):
    graph = mmkeras_edge.load(files.paths[precision]).graph
    feed = {n: array[0] for n, array in run.prepare(stamps.valid).without("audio").feed().items()}
    silent = graph.run(feed)
    noise = np.random.default_rng(0).uniform(-1, 1, feed["audio"].shape).astype(np.float32)
    for name, answer in graph.run({**feed, "audio": noise}).items():
        np.testing.assert_array_equal(answer, silent[name])


@every_precision
def test_a_file_replays_its_own_samples(precision, files):
    assert verify(files.paths[precision])


def test_float_gives_the_probabilities_of_keras_whatever_is_absent(files):
    comparisons = files.reports["float32"].chosen.comparisons
    assert set(comparisons) == {"all inputs", "without text", "without audio"}
    assert max(max(seen.max_difference.values()) for seen in comparisons.values()) < 1e-4


@pytest.mark.parametrize("precision", ["dynamic_int8", "int8"])
def test_int8_is_small_and_agrees_with_keras(precision, files):
    small = files.reports[precision].chosen
    # A quarter, and the matrices of the audio front end, which are float16.
    assert small.model_bytes < 0.33 * files.reports["float32"].chosen.model_bytes
    assert small.agreement >= 0.94  # 48 of 51 rows


def test_the_card_tells_what_was_measured(files, run):
    card = mmkeras_edge.load(files.paths["int8"]).file.card
    report = files.reports["int8"]
    assert card.precision == "int8"
    assert card.metrics["rows"] == report.rows
    seen = report.chosen.comparisons["without text"]
    assert card.metrics["without text"]["accuracy"] == seen.accuracy
    assert mmkeras.Recipe.from_dict(card.recipe) == run.recipe
    assert {"keras", "tensorflow", "litert-quantizer"} <= set(card.versions)


def test_a_report_prints_every_variant_and_every_condition_and_is_plain_data(files):
    report = files.reports["int8"]
    variants, conditions = str(report).split("\n\n")[:2]
    assert len(variants.splitlines()) == 2 + len(files.reports)
    assert len(conditions.splitlines()) == 1 + 2 * 3
    assert json.loads(json.dumps(report.to_dict()))["chosen"] == "int8"
    assert report.file_bytes == files.paths["int8"].stat().st_size


def test_two_exports_of_a_run_folder_are_byte_for_byte_the_same(files, run, stamps, tmp_path):
    path = tmp_path / "again.tflite"
    export(str(run.path), path, "int8", stamps.train, stamps.valid, budget=0.06)
    assert path.read_bytes() == files.paths["int8"].read_bytes()


def test_a_file_that_lost_its_accuracy_is_refused_and_the_old_one_stays(run, stamps, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    train = run.prepare(stamps.train)
    silence = {name: _nothing(train.inputs[name]) for name in ("image", "audio")}
    dark = dataclasses.replace(train, inputs={**train.inputs, **silence})  # all else is clipped
    with pytest.raises(
        GateError, match=r"(?s)nothing was written: .*language, all inputs: accuracy drops"
    ) as e:
        export(run, path, "int8", dark, stamps.valid)
    assert "compressed" in str(e.value)  # the table is in the message
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_converter_that_crashes_leaves_the_old_file(run, stamps, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    with crashing(), pytest.raises(ConversionError, match="crashed"):
        export(run, path, "float32", stamps.train, stamps.valid)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("misfortune", "limit", "message"),
    [
        (hanging, {"timeout_s": 1}, "stopped after 1 s"),
        (nullcontext, {"memory_gb": 0.01}, r"took more than 0\.01 GB; the largest tensor, "),
    ],
)
def test_a_converter_that_hangs_or_eats_memory_leaves_the_old_file(
    misfortune, limit, message, run, stamps, tmp_path
):
    one = keras.Input((1,), name="x")
    convert(keras.Model({"x": one}, {"y": keras.layers.Dense(1)(one)}))  # its server is awake
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    with misfortune(), pytest.raises(ConversionError, match=message):
        export(run, path, "float32", stamps.train, stamps.valid, **limit)
    assert conversions() == []
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def _nothing(column):
    return dataclasses.replace(column, values=np.zeros_like(column.values))


def test_a_model_of_one_picture_needs_no_tokenizer(stamps, tmp_path):
    classes = stamps.train.classes("category")
    model = mmkeras.build_model(
        image=mmkeras.Image("cnn", size_px=(16, 16)),
        outputs={"category": mmkeras.Classify(classes)},
        fusion="sum",
        width=8,
    )
    run = Run(model, None, {}, {"versions": versions()})
    path = tmp_path / "picture.tflite"
    export(run, path, "float32", validation=stamps.valid)
    scores = mmkeras_edge.load(path).predict(image=stamps.valid.sources(0)["image"])
    assert len(scores["category"].probabilities) == len(classes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"precision": "int"}, r"unknown precision 'int'; did you mean 'int8'\?"),
        ({"validation": None}, "give validation=, the rows that the file is checked on"),
        ({"calibration": None}, "int8 wants calibration=, such as the training rows"),
    ],
)
def test_what_is_missing_or_unknown_is_said_before_anything_is_done(
    arguments, message, run, stamps, tmp_path
):
    given = {"precision": "int8", "calibration": stamps.train, "validation": stamps.valid}
    with pytest.raises(ValueError, match=message):
        export(run, tmp_path / "model.tflite", **{**given, **arguments})


def test_a_folder_that_is_not_there_is_named(run, stamps, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder for '.*nowhere/model.tflite'"):
        export_all(run, {"float32": tmp_path / "nowhere/model.tflite"}, validation=stamps.valid)
