import os
import signal

import keras
import numpy as np
import pytest

from mmkeras.evaluation import predict
from mmkeras_edge.graph import Graph
from mmkeras_export import ConversionError, convert, run_lite
from mmkeras_export.converting.conversion import converted
from mmkeras_export.converting.memory import spare_gb
from tests.converters import conversions, crashing, programs


@keras.saving.register_keras_serializable("tests")
class Inverse(keras.layers.Layer):
    """Of square matrices: an operation that TFLite lacks."""

    def call(self, matrices):
        return keras.ops.inv(matrices)


def test_float_answers_are_those_of_keras(run, lite, stamps):
    data = run.prepare(stamps.valid)
    for rows in (data, data.without("text"), data.without("audio")):
        expected, found = predict(run, rows), run_lite(lite, rows.feed())
        for name in expected:
            np.testing.assert_allclose(found[name], expected[name], atol=1e-4, rtol=0)


def test_the_file_has_the_names_and_types_of_the_model(run, lite):
    graph = Graph(lite)
    assert {name: tensor["dtype"].__name__ for name, tensor in graph.inputs.items()} == {
        "image": "uint8",
        "text": "int32",
        "text_present": "float32",
        "audio": "float32",
        "audio_present": "float32",
    }
    assert set(graph.outputs) == {"category", "language"}


def test_any_functional_model_converts_recurrent_too():
    series = keras.Input((6, 2), name="series")
    state = keras.layers.LSTM(3)(series)
    model = keras.Model(series, [keras.layers.Dense(2, name=n)(state) for n in ("b", "a")])
    values = np.random.default_rng(0).normal(size=(4, 6, 2)).astype(np.float32)
    found = run_lite(convert(model), {"series": values})
    for name, expected in zip(("b", "a"), model(values), strict=True):
        np.testing.assert_allclose(found[name], expected, atol=1e-6)


def test_a_sequential_model_converts():
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(2, name="y")])
    x = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(run_lite(convert(model), {"x": x})["y"], model(x), rtol=1e-6)


def test_an_operation_that_tflite_lacks_is_named_with_its_layer():
    matrix = keras.Input((2, 2), name="matrix")
    model = keras.Model({"matrix": matrix}, {"y": Inverse(name="inverted")(matrix)})
    with pytest.raises(
        ConversionError, match=r"tf\.MatrixInverse in the layer 'inverted'; replace"
    ):
        convert(model)


def test_an_open_shape_is_refused():
    series = keras.Input((None, 2), name="series")
    model = keras.Model({"series": series}, {"y": keras.layers.GlobalMaxPooling1D()(series)})
    with pytest.raises(ConversionError, match=r"input 'series' has the open shape \(None, 2\)"):
        convert(model)


@keras.saving.register_keras_serializable("tests")
class Fading(keras.layers.Layer):
    """A recurrent cell, h += x / cosh(t) with t = 0, 1, ...: TFLite lacks cosh, but of a step whose
    number is known it is a number."""

    state_size = (2, 1)
    output_size = 2

    def call(self, x, states, training=False):
        h, t = states
        h = h + x / keras.ops.cosh(t)
        return h, [h, t + 1]


@keras.saving.register_keras_serializable("tests")
class Huge(keras.layers.Layer):
    """x + sum(ones(n, n)): the converter computes the ones, 4 n^2 bytes, to store their sum. Of
    4 TB of them it does not come back."""

    def __init__(self, n, **kwargs):
        super().__init__(**kwargs)
        self.n = n

    def call(self, x):
        return x + keras.ops.sum(keras.ops.ones((self.n, self.n)))


def fading(layer) -> keras.Model:
    series = keras.Input((3, 2), name="series")
    return keras.Model({"series": series}, {"y": layer(series)})


def test_a_loop_that_is_refused_is_unrolled_on_the_same_weights_and_the_report_says_so():
    rnn = keras.layers.RNN(Fading(name="cell"), name="sum")
    model = fading(keras.layers.Bidirectional(rnn, name="both"))
    lite, notes = converted(model)
    assert notes == (
        "'backward_sum', 'forward_sum' converted with unroll=True, on the same weights: as a loop, "
        "TFLite has no operation for tf.Cosh in the layer 'cell'",
    )
    assert not rnn.unroll
    series = np.array([[[1, 0], [0, 2], [3, 0]]], np.float32)
    steps = 1 / np.cosh(np.arange(3))
    wanted = [1 + 3 * steps[2], 2 * steps[1], 3 + steps[2], 2 * steps[1]]
    np.testing.assert_allclose(run_lite(lite, {"series": series})["y"], [wanted], rtol=1e-5)


@pytest.fixture
def small():
    x = keras.Input((2,), name="x")
    return keras.Model({"x": x}, {"y": keras.layers.Dense(1)(x)})


def huge(n: int) -> keras.Model:
    x = keras.Input((2,), name="x")
    return keras.Model({"x": x}, {"y": Huge(n, name="hungry")(x)})


def test_the_converter_is_imported_once_and_anew_when_it_has_ended(small):
    convert(small)
    (first,) = programs()[0]
    convert(small)
    assert programs() == ([first], [])
    os.kill(first, signal.SIGTERM)
    convert(small)
    (second,) = programs()[0]
    assert second != first


def test_a_converter_that_eats_memory_is_stopped_and_the_layer_named():
    with pytest.raises(
        ConversionError,
        match=r"took more than 0\.8 GB; the largest tensor, 3\.6 GB, is made in the layer "
        "'hungry'; build it smaller",
    ):
        convert(huge(30_000), memory_gb=0.8)
    assert conversions() == []


@pytest.mark.parametrize("timeout_s", [0.01, 4])  # while it imports; while it hangs
def test_a_converter_that_takes_too_long_is_stopped(timeout_s):
    with pytest.raises(ConversionError, match=rf"stopped after {timeout_s} s; a smaller model, or"):
        convert(huge(1_000_000), timeout_s=timeout_s)
    assert conversions() == []


def test_a_converter_that_crashes_leaves_this_process_alive(small):
    with crashing(), pytest.raises(ConversionError, match=r"crashed \(Segmentation fault\); leave"):
        convert(small)


def test_what_the_machine_can_spare_is_known():
    assert 0 < spare_gb() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
