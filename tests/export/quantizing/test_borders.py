"""Files whose inputs and outputs are integers, as an accelerator without floats wants them."""

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras_edge.graph import Graph
from mmkeras_export import BORDERS, convert, islands_of, quantize, run_lite
from mmkeras_export.comparison import rows_of
from mmkeras_export.converting.conversion import ConversionWarning
from mmkeras_export.quantizing import quantization

ROWS = 32


@pytest.fixture(scope="module")
def converted():
    """A model of pixels, words and readings: (model, float32 file, rows by input)."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((4, 4, 3), dtype="uint8", name="pixels")
    words = keras.Input((5,), dtype="int32", name="words")
    readings = keras.Input((6,), name="readings")
    parts = [
        layers.Flatten()(layers.Rescaling(1 / 255)(pixels)),
        layers.Flatten()(layers.Embedding(20, 4)(words)),
        readings,
    ]
    hidden = layers.Dense(16, activation="relu", name="hidden")(layers.Concatenate()(parts))
    outputs = {
        "kind": layers.Softmax(name="soft")(layers.Dense(3)(hidden)),
        "size": layers.Dense(1, name="size")(hidden),
    }
    model = keras.Model({"pixels": pixels, "words": words, "readings": readings}, outputs)
    random = np.random.default_rng(0)
    feed = {
        "pixels": random.integers(0, 256, (ROWS, 4, 4, 3)).astype(np.uint8),
        "words": random.integers(0, 20, (ROWS, 5)).astype(np.int32),
        "readings": random.uniform(-3, 3, (ROWS, 6)).astype(np.float32),
    }
    feed["readings"][0, :2] = -3.0, 5.0  # the ends of their range
    return model, convert(model), feed


def made(converted, borders: str) -> bytes:
    model, lite, feed = converted
    return quantize(lite, "int8", rows_of(feed), islands_of(model), borders=borders)


@pytest.mark.parametrize("borders", BORDERS)
def test_only_floating_inputs_and_outputs_change_their_type(borders, converted):
    graph = Graph(made(converted, borders))
    types = {
        n: np.dtype(t["dtype"]).name for n, t in [*graph.inputs.items(), *graph.outputs.items()]
    }
    wanted = {"float": "float32"}.get(borders, borders)
    assert types == {
        "pixels": "uint8",
        "words": "int32",
        "readings": wanted,
        "kind": wanted,
        "size": wanted,
    }


@pytest.mark.parametrize("borders", ["int8", "uint8"])
def test_fed_by_name_as_before_it_answers_as_with_floating_ends(borders, converted):
    feed = converted[2]
    plain, whole = (run_lite(made(converted, each), feed) for each in ("float", borders))
    limits = np.iinfo(borders)
    for name, tensor in Graph(made(converted, borders)).outputs.items():
        step, zero = tensor["quantization"]
        low, high = ((end - zero) * step for end in (limits.min, limits.max))
        # An answer out of a floating layer is rounded once more, and ends where samples did.
        error = whole[name] - np.clip(plain[name], low, high)
        assert np.abs(error).max() <= 0.51 * step
        assert step < 0.02 * np.ptp(plain[name])


def test_scale_and_zero_point_come_from_the_file(converted):
    signed, unsigned = (
        Graph(made(converted, each)).inputs["readings"]["quantization"]
        for each in ("int8", "uint8")
    )
    assert signed == pytest.approx((8 / 255, -32))  # -3 is -128, 5 is 127
    assert unsigned == pytest.approx((8 / 255, 96))


def test_what_is_beyond_the_range_counts_as_its_end(converted):
    graph = Graph(made(converted, "int8"))
    row = rows_of(converted[2])[3]
    beyond = graph.run({**row, "readings": np.full(6, 90.0, np.float32)})
    end = graph.run({**row, "readings": np.full(6, 5.0, np.float32)})
    np.testing.assert_array_equal(beyond["size"], end["size"])


def test_a_floating_model_may_have_integer_ends(converted):
    _, lite, feed = converted
    graph = Graph(quantize(lite, "float32", rows_of(feed), borders="int8"))
    assert np.dtype(graph.inputs["readings"]["dtype"]) == np.int8


def test_what_the_runtime_refuses_stays_float_and_is_told(converted):
    _, lite, feed = converted
    with pytest.warns(ConversionWarning) as told:  # no kernel from int16 to uint8
        made = quantize(lite, "int16", rows_of(feed), borders="uint8")
    said = {str(warning.message) for warning in told}
    assert said == {
        f"{n!r} is float16: the runtime refused it in its format" for n in ("kind", "size")
    }
    answers = run_lite(made, feed)
    for name, exact in run_lite(lite, feed).items():
        assert np.abs(answers[name] - exact).max() < 0.02 * np.ptp(exact)


def test_what_is_refused_even_so_is_named_with_its_cure(converted, monkeypatch):
    _, lite, feed = converted
    monkeypatch.setattr(quantization, "ISLAND", "int16")
    refused = r"the runtime refuses the layer 'kind' .* layers=\{'kind': \"dynamic_int8\"\}"
    with pytest.raises(ValueError, match=refused):
        quantize(lite, "int16", rows_of(feed), borders="uint8")


def test_an_unknown_type_and_missing_samples_are_said(converted):
    with pytest.raises(ValueError, match=r"unknown type of borders 'int4'; did you mean 'int8'\?"):
        quantize(converted[1], "int8", borders="int4")
    with pytest.raises(ValueError, match="want calibration samples, received none"):
        quantize(converted[1], "dynamic_int8", borders="int8")
