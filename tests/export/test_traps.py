"""What goes wrong elsewhere between Keras and a device, trap by trap, and cannot go wrong here."""

import dataclasses
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

import mmkeras
from mmkeras_edge.card import Card
from mmkeras_edge.file import open_file
from mmkeras_edge.graph import Graph
from mmkeras_export import (
    ConversionError,
    convert,
    islands_of,
    pack,
    prune,
    quantize,
    run_lite,
    savings_of,
)
from mmkeras_export.comparison import rows_of

TINY = Path(__file__).parents[1] / "edge/tiny.tflite"
ROWS = 24


class Case(NamedTuple):
    """A model, its float32 file, rows by input, Keras' answers by output."""

    model: keras.Model
    lite: bytes
    feed: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]


def case(model: keras.Model, feed: dict[str, np.ndarray]) -> Case:
    expected = model.predict(feed, verbose=0)
    return Case(model, convert(model), feed, expected)


def int8(case: Case, samples: list[dict[str, np.ndarray]]) -> bytes:
    return quantize(case.lite, "int8", samples, islands_of(case.model))


@pytest.fixture(scope="module")
def recurrent() -> Case:
    """A user's own model: masked recurrent layers, two inputs of one shape, a scalar head.

    "level" is 3 left - right, nearly 0 in all rows but the last, which is 50.
    """
    keras.utils.set_random_seed(0)
    words = keras.Input((5,), dtype="int32", name="words")
    right, left = (keras.Input((1,), name=name) for name in ("right", "left"))
    x = keras.layers.Embedding(20, 4, mask_zero=True)(words)
    x = keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True))(x)
    x = keras.layers.LSTM(4)(x)
    joined = keras.layers.Concatenate()([left, right])
    level = keras.layers.Dense(1, kernel_initializer=lambda *_, **__: [[3.0], [-1.0]])(joined)
    mood = keras.layers.Dense(3, activation="softmax")(keras.layers.Concatenate()([x, joined]))
    inputs = {"words": words, "right": right, "left": left}
    random = np.random.default_rng(0)
    ids = random.integers(1, 20, (ROWS, 5)) * (np.arange(5) <= np.arange(ROWS)[:, None] % 5)
    sides = random.uniform(-0.1, 0.1, (2, ROWS, 1)).astype(np.float32)
    sides[:, -1] = [[15.0], [-5.0]]
    feed = {"words": ids.astype(np.int32), "left": sides[0], "right": sides[1]}
    return case(keras.Model(inputs, {"mood": mood, "level": level}), feed)


@pytest.fixture(scope="module")
def fused() -> Case:
    """Of mmkeras: attention over a text of 1 to 6 tokens, and a sensor of two units."""
    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(
        text=mmkeras.Text("transformer", length=6, vocabulary=300, units=16, layers=1),
        sensors=mmkeras.Sensor(channels=2, rate_hz=10, window_ms=800),
        fusion="concat",
        num_classes=4,
        width=16,
    )
    random = np.random.default_rng(0)
    ids = random.integers(1, 300, (ROWS, 6)) * (np.arange(6) <= np.arange(ROWS)[:, None] % 6)
    units = np.array([1e-3, 1e5])  # tesla, pascal
    readings = units * (1 + random.normal(size=(ROWS, 1, 2)) + random.normal(size=(ROWS, 8, 2)))
    model.get_layer("sensor_standardised").measure(readings)
    return case(model, {"text": ids.astype(np.int32), "sensor": readings.astype(np.float32)})


@pytest.fixture(scope="module")
def recurrent_int8(recurrent) -> bytes:
    return int8(recurrent, rows_of(recurrent.feed))


@pytest.fixture(scope="module")
def fused_int8(fused) -> bytes:
    return int8(fused, rows_of(fused.feed))


def share_of_error(found: np.ndarray, expected: np.ndarray) -> float:
    """How far answers are off, of what rows differ by."""
    return (found - expected).std() / (expected - expected.mean(axis=0)).std()


def test_trap_1_no_operation_comes_along_that_a_device_lacks(recurrent):
    """Keras' own export lets TensorFlow's operations into the file, without a word, and a phone
    then refuses it."""
    codes = schema.ModelT.InitFromPackedBuf(recurrent.lite).operatorCodes
    assert {code.customCode for code in codes} == {None}
    assert schema.BuiltinOperator.WHILE in {code.builtinCode for code in codes}


def test_trap_2_the_weights_come_along(recurrent):
    """A file converted from a concrete function has uninitialised variables, runs, and answers
    NaN."""
    found = run_lite(recurrent.lite, recurrent.feed)
    for name, expected in recurrent.expected.items():
        np.testing.assert_allclose(found[name], expected, atol=1e-4)


def test_trap_3_recurrent_layers_become_loops_of_one_sample(recurrent):
    """With an open batch size they do not convert; with one of 1 they do, masked ones too: a row
    answers as the same row does in Keras, however much of it is padding."""
    graph = Graph(recurrent.lite)
    assert {tuple(tensor["shape"]) for tensor in graph.inputs.values()} == {(1, 5), (1, 1)}
    for row in (0, 3):  # one token, four tokens
        answer = graph.run({name: array[row] for name, array in recurrent.feed.items()})
        np.testing.assert_allclose(answer["mood"], recurrent.expected["mood"][row], atol=1e-4)


def test_trap_4_inputs_are_bound_by_name(recurrent):
    """By position, two inputs of one shape are swapped in silence, and one that is never set holds
    whatever lay in memory."""
    graph = Graph(recurrent.lite)
    sample = {name: array[-1] for name, array in recurrent.feed.items()}
    assert graph.run(sample)["level"] == pytest.approx(50.0, rel=1e-4)
    backwards = dict(reversed(sample.items()))
    assert graph.run(backwards)["level"] == pytest.approx(50.0, rel=1e-4)
    swapped = {**sample, "left": sample["right"], "right": sample["left"]}
    assert graph.run(swapped)["level"] == pytest.approx(-30.0, rel=1e-4)
    sample.pop("right")
    with pytest.raises(ValueError, match="missing input right"):
        graph.run(sample)


def test_trap_5_full_int8_of_a_loop_leaves_this_process_alive(recurrent, recurrent_int8):
    """The converter's own int8 ends Python with a segmentation fault where a model has a loop.
    Here a file is quantised after its conversion, and of a loop the weights alone."""
    found = run_lite(recurrent_int8, recurrent.feed)
    assert share_of_error(found["mood"], recurrent.expected["mood"]) < 0.25


def test_trap_6_samples_to_calibrate_with_go_by_name(recurrent, recurrent_int8):
    """A representative data set is a list in an order that one has to guess."""
    backwards = [dict(reversed(sample.items())) for sample in rows_of(recurrent.feed)]
    assert int8(recurrent, backwards) == recurrent_int8


def test_trap_7_a_head_of_one_number_keeps_its_range_and_borders_their_types(
    recurrent, recurrent_int8
):
    """A moving average of what calibration saw cuts off what is rare, and int8 at the borders
    breaks the program around it."""
    level = run_lite(recurrent_int8, recurrent.feed)["level"]
    assert level[-1] == pytest.approx(50.0, rel=0.05)  # one row of 24
    before, after = Graph(recurrent.lite), Graph(recurrent_int8)
    for tensors in ("inputs", "outputs"):
        types = [{n: t["dtype"] for n, t in getattr(g, tensors).items()} for g in (before, after)]
        assert types[0] == types[1]


def test_trap_8_masked_means_and_raw_units_survive_int8(fused, fused_int8):
    """The mean over the tokens that are no padding collapses in int8, and so do readings of which
    one unit is 100 million times another. Here the mean stays float, and readings are standardised
    in the graph."""
    found = run_lite(fused_int8, fused.feed)["label"]
    assert share_of_error(found, fused.expected["label"]) < 0.25
    for name, array in fused.feed.items():  # both inputs matter
        other = run_lite(fused_int8, {**fused.feed, name: np.roll(array, 1, axis=0)})["label"]
        assert share_of_error(other, fused.expected["label"]) > 0.25


@pytest.fixture
def tiny() -> tuple[bytes, Card, str, bytes]:
    """What `pack` takes after the path."""
    file = open_file(TINY)
    lite = TINY.read_bytes()[: file.card.model_bytes]
    return lite, file.card, file.tokenizer_json, file.golden


def test_trap_9_a_file_runs_before_it_is_handed_over(tiny, tmp_path):
    """A file may be written that the runtime refuses, or that answers something else."""
    lite, card, tokenizer, golden = tiny
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    with pytest.raises(ValueError, match="refuses the model"):
        pack(path, lite.replace(b"TFL3", b"TFL9"), card, tokenizer, golden)
    other = dataclasses.replace(card, optional=())
    with pytest.raises(ValueError, match="its card says"):
        pack(path, lite, other, tokenizer, golden)
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


def test_trap_10_what_keras_quantised_is_refused_with_the_cure():
    """After `model.quantize`, the converter fails with a message about operands."""
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="y")])
    model.layers[0].quantize("int8")
    with pytest.raises(ConversionError, match=r"changed 'y' to .*; convert the float model and"):
        convert(model)


def test_trap_11_a_report_has_the_time_beside_the_size(files):
    """ "Quantised" is not "faster": on some machines it is twice as slow."""
    report = files.reports["int8"]
    for variant in report.tried:
        assert 0 < variant.compressed_bytes <= variant.model_bytes
        assert 0 < variant.ms < 10_000  # not NaN either
        assert f"  {variant.ms:.2f}  " in str(report)
    assert re.search(r"[1-9][\d.]* times (faster|slower) than float32 on this", report.says)


def test_trap_12_the_zip_lies_behind_all_else(tiny, tmp_path):
    """Tools that change a model drop what is appended to it: it is appended last, and what does
    not match is refused."""
    path = tmp_path / "model.tflite"
    pack(path, *tiny)
    with zipfile.ZipFile(path) as archive:
        first = min(entry.header_offset for entry in archive.infolist())
        assert archive.testzip() is None
    assert first == open_file(path).card.model_bytes
    assert set(Graph(path).outputs) == {"label"}


def test_trap_13_pruning_that_brings_no_speed_says_so(fused):
    """Zeros here and there are multiplied like any other weights: only the download shrinks."""
    found = savings_of(fused.model, prune(fused.model, 0.8))
    assert found.before.zeros < 0.01
    assert found.after.zeros == pytest.approx(0.8, abs=0.01)
    assert not found.is_slimmer
    assert found.after.file_bytes == pytest.approx(found.before.file_bytes, rel=0.01)
    assert found.compressed_share < 0.9
    assert 0 < found.after.ms < 10_000
    assert "No speed: the device multiplies zeros" in str(found)


def test_trap_14_attention_over_a_text_keeps_float_activations(fused, fused_int8):
    """In full int8 published figures of attention over texts fall to chance."""
    assert islands_of(fused.model)["text_transformer"] == "dynamic_int8"
    graph = schema.ModelT.InitFromPackedBuf(fused_int8).subgraphs[0]
    inside = [
        tensor
        for tensor in graph.tensors
        if re.search(rb"text_transformer(_\d+)?/block0_attention(_\d+)?/", tensor.name)
    ]
    made = {i for operator in graph.operators for i in operator.outputs}
    activations = [t for i, t in enumerate(graph.tensors) if t in inside and i in made]
    assert activations
    assert {t.type for t in activations} == {schema.TensorType.FLOAT32}
