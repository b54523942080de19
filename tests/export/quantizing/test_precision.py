"""Every number format of the table, through to the device's runtime."""

import functools

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras.evaluation import predict
from mmkeras_edge.graph import Graph
from mmkeras_export import FORMATS, convert, islands_of, quantize, run_lite
from mmkeras_export.comparison import rows_of
from mmkeras_export.converting.nodes import WEIGHTED, read_nodes
from mmkeras_export.quantizing.calibration import calibration_samples
from mmkeras_export.quantizing.number_formats import widest

every_format = pytest.mark.parametrize("precision", FORMATS)
KINDS = {  # weight and activation bits to the types of a convolution's weights and answer
    (32, 32): ("FLOAT32", "FLOAT32"),
    (16, 32): ("FLOAT32", "FLOAT32"),  # widened when the file is loaded
    (8, 32): ("FLOAT32", "FLOAT32"),  # widened whenever it runs
    (4, 32): ("FLOAT32", "FLOAT32"),
    (8, 8): ("INT8", "INT8"),
    (8, 16): ("INT8", "INT16"),
}
SHARES = {"weights_int4": 0.3, "int8": 0.25}  # of what rows differ by, of random weights
STORED = {32: "FLOAT32", 16: "FLOAT16", 8: "INT8", 4: "INT4"}


def types_of(lite: bytes) -> dict[str, tuple[str, str]]:
    """By the last layer in its path, each product's types of weights and answer."""
    named = {number: name for name, number in vars(schema.TensorType).items() if name.isupper()}
    graph = flatbuffer.read_model(lite).subgraphs[0]
    return {
        node.layers[0].split("/")[-2]: tuple(
            named[graph.tensors[i].type] for i in (op.inputs[1], op.outputs[0])
        )
        for node, op in zip(read_nodes(lite), graph.operators, strict=False)
        if node.kind in WEIGHTED and "/" in node.layers[0]
    }


def stored_in(lite: bytes) -> set[str]:
    """The types of all constants of more than 100 numbers."""
    named = {number: name for name, number in vars(schema.TensorType).items() if name.isupper()}
    model = flatbuffer.read_model(lite)
    return {
        named[t.type]
        for t in model.subgraphs[0].tensors
        if model.buffers[t.buffer].data is not None and np.prod(t.shape) > 100
    }


@pytest.fixture(scope="module")
def pictures():
    """A plain convolutional model of one input: (model, float32 file, pictures, Keras' answers)."""
    keras.utils.set_random_seed(0)
    x = start = keras.Input((16, 16, 3), name="picture")
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="wide")(x)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu6", name="deep")(x)
    tower = keras.Sequential([keras.Input(x.shape[1:]), layers.Conv2D(24, 1, name="thin")])
    tower.name = "tower"
    x = layers.Activation("tanh")(layers.GlobalAveragePooling2D()(tower(x)))
    model = keras.Model(start, layers.Dense(4, name="kind")(x))
    random = np.random.default_rng(0)
    colours = random.uniform(-1, 1, (32, 1, 1, 3)) + random.uniform(-0.2, 0.2, (32, 16, 16, 3))
    pixels = colours.astype(np.float32)
    return model, convert(model), {"picture": pixels}, model.predict(pixels, verbose=0)


@every_format
def test_a_plain_picture_model_answers_as_keras_does(precision, pictures):
    _, lite, feed, wanted = pictures
    found = run_lite(quantize(lite, precision, rows_of(feed)), feed)["kind"]
    error, differ = np.abs(found - wanted), (wanted - wanted.mean(axis=0)).std()
    if FORMATS[precision].exact:
        assert error.max() < 1e-4
    else:
        assert error.mean() < SHARES.get(precision, 0.05) * differ


@every_format
def test_weights_and_activations_have_the_types_that_the_table_says(precision, pictures):
    _, lite, feed, _ = pictures
    made = quantize(lite, precision, rows_of(feed))
    form = FORMATS[precision]
    weights, answer = KINDS[form.weight_bits, form.activation_bits]
    if not form.calibrated:
        answer = "FLOAT32"
    assert types_of(made)["wide_1"] == (weights, answer)
    assert STORED[form.weight_bits] in stored_in(made)


@pytest.fixture(scope="module")
def fused(run, lite, stamps):
    """The file of a precision of a model of picture, text and sound."""
    samples = calibration_samples(run, stamps.train, count=48)
    return functools.cache(
        lambda precision: quantize(lite, precision, samples, islands_of(run.model, precision))
    )


@pytest.fixture(scope="module")
def tested(run, stamps):
    """Rows by input name, and Keras' answers."""
    data = run.prepare(stamps.test)
    return data.feed(), predict(run, data)


@every_format
def test_a_fused_model_answers_as_keras_does(precision, fused, tested):
    feed, expected = tested
    found = run_lite(fused(precision), feed)
    for name, wanted in expected.items():
        if FORMATS[precision].exact:
            assert np.abs(found[name] - wanted).max() < 1e-4
        else:
            least = 0.8 if FORMATS[precision].weight_bits == 4 else 0.94
            assert (found[name].argmax(-1) == wanted.argmax(-1)).mean() >= least


@every_format
def test_fewer_bits_are_fewer_bytes(precision, fused, lite):
    shares = {32: 1.0, 16: 0.65, 8: 0.45, 4: 0.45}
    assert len(fused(precision)) <= shares[FORMATS[precision].weight_bits] * len(lite)


@every_format
def test_inputs_and_outputs_keep_their_types(precision, fused):
    graph = Graph(fused(precision))
    types = {name: np.dtype(tensor["dtype"]).name for name, tensor in graph.inputs.items()}
    assert (types["image"], types["text"], types["audio"]) == ("uint8", "int32", "float32")
    assert {np.dtype(tensor["dtype"]).name for tensor in graph.outputs.values()} == {"float32"}


def test_float32_is_the_file_itself(lite):
    assert quantize(lite, "float32") is lite


def test_one_layer_or_tower_may_have_a_format_of_its_own(pictures):
    _, lite, feed, wanted = pictures
    mixed = quantize(lite, "float32", rows_of(feed), {"tower": "int8", "wide": "dynamic_int8"})
    types = types_of(mixed)
    assert types["wide_1"] == ("INT8", "FLOAT32")
    assert types["deep_1"] == ("FLOAT32", "FLOAT32")
    assert types["thin_1"] == ("INT8", "INT8")
    assert np.abs(run_lite(mixed, feed)["kind"] - wanted).max() < 0.1


def test_what_is_innermost_holds(pictures):
    _, lite, feed, _ = pictures
    layers = {"tower": "float32", "thin": "int8"}
    types = types_of(quantize(lite, "dynamic_int8", rows_of(feed), layers))
    assert types["thin_1"] == ("INT8", "INT8")
    assert types["deep_1"] == ("INT8", "FLOAT32")


def test_a_model_is_asked_for_its_islands_and_what_is_said_overrides_them(pictures):
    model, _, feed, _ = pictures
    start = keras.Input((16, 16, 3), name="picture")
    soft = keras.Model(start, layers.Softmax(name="soft")(model(start)))
    kinds = {
        form: [node.is_float for node in read_nodes(made) if node.kind == "SOFTMAX"]
        for form, made in {
            "island": quantize(soft, "int8", rows_of(feed)),
            "int8": quantize(soft, "int8", rows_of(feed), {"soft": "int8"}),
        }.items()
    }
    assert kinds == {"island": [True], "int8": [False]}


def test_ranges_that_are_known_need_no_samples(pictures):
    from mmkeras_export.quantizing.ranges import activation_ranges

    _, lite, feed, _ = pictures
    known = activation_ranges(lite, rows_of(feed))
    assert quantize(lite, "int8", learned=known) == quantize(lite, "int8", rows_of(feed))


def test_a_wrong_name_is_said_with_the_one_that_was_meant(pictures):
    model, lite, _, _ = pictures
    with pytest.raises(ValueError, match=r"unknown precision 'int7'; did you mean 'int8'\?"):
        quantize(lite, "int7")
    with pytest.raises(ValueError, match=r"unknown format of 'wide' 'int9'"):
        quantize(lite, "float32", layers={"wide": "int9"})
    with pytest.raises(ValueError, match=r"unknown layer 'wid'; did you mean 'wide'\?"):
        quantize(model, "float32", layers={"wid": "int8"})


def test_of_two_formats_the_widest_changes_the_fewest_numbers():
    assert widest("int8", "weights_int4", "dynamic_int8") == "weights_int4"
    assert [widest(name, "int8") for name in FORMATS] == list(FORMATS)
