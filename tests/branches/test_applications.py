import functools
import inspect
import sys

import keras
import numpy as np
import pytest

from mmkeras.branches.applications import APPLICATIONS, efficientnet
from mmkeras.branches.image import image_branch
from mmkeras.branches.pixels import DEVIATION_RGB, MEAN_RGB, torch_pixels
from mmkeras.modalities import Image
from mmkeras_export import FORMATS, convert, islands_of, quantize, run_lite
from mmkeras_export.comparison import rows_of
from tests.precisions import every_precision

ROWS = 8
# The smallest of each family, and by which of its layers each kind of layer in it has been.
BEGINNINGS = {
    "mobilenet": 9,
    "mobilenet_v2": 19,
    "mobilenet_v3_small": 17,
    "nasnet_mobile": 53,
    "efficientnet_b0": 13,
    "efficientnet_v2_b0": 22,
    "densenet121": 20,
    "xception": 15,
    "inception_v3": 40,
    "inception_resnet_v2": 62,
    "resnet50": 18,
    "resnet50v2": 16,
    "convnext_tiny": 26,
    "vgg16": 6,
}
INSIDE = ("mobilenet_v3", "efficientnet", "convnext")  # Keras normalises in the model


def function(name: str) -> str:
    """What Keras calls it."""
    return APPLICATIONS[name].make.args[0]


def family(name: str):
    return getattr(keras.applications, function(name))


def pixels(px: int, rows: int = ROWS) -> np.ndarray:
    """Noise whose colour and contrast differ from row to row."""
    random = np.random.default_rng(0)
    colours = random.integers(0, 256, (rows, 1, 1, 3)) * random.random((rows, px, px, 1))
    return colours.astype(np.uint8)


def settle(model: keras.Model, feed) -> None:
    """Gives each normalisation the statistics of these rows: with random weights, features would
    vanish layer by layer."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(feed, training=True)


def test_the_table_has_all_that_keras_has():
    there = {n for n, _ in inspect.getmembers(keras.applications, inspect.isfunction)}
    assert {function(name) for name in APPLICATIONS} == there


@pytest.mark.parametrize("name", APPLICATIONS)
def test_the_smallest_picture_is_the_smallest_that_keras_takes(name):
    least = APPLICATIONS[name].min_px
    with pytest.raises(ValueError, match=rf"at least {least}x{least}"):
        family(name)(include_top=False, weights=None, input_shape=(least, least - 1, 3))
    with pytest.raises(ValueError, match=rf"'image_{name}' takes at least {least} by {least}"):
        image_branch("image", Image(name, (least, least - 1)))


@pytest.mark.parametrize("name", [n for n in APPLICATIONS if not n.startswith(INSIDE)])
def test_pixels_are_normalised_as_keras_does_before_the_model(name):
    preprocess = sys.modules[family(name).__module__].preprocess_input
    raw = pixels(4)
    wanted = preprocess(raw.astype(np.float32))
    assert not np.array_equal(wanted, raw)
    np.testing.assert_allclose(APPLICATIONS[name].normalise()(raw), wanted, atol=2e-5)


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v3_small",
        "efficientnet_v2_b0",
        pytest.param("efficientnet_v2_s", marks=pytest.mark.slow),
        "convnext_tiny",
    ],
)
def test_pixels_are_normalised_as_keras_does_in_the_model(name):
    """The same first layer says the same of the same picture."""
    raw, entry = pixels(32), APPLICATIONS[name]
    theirs = family(name)(include_top=False, weights=None, input_shape=(32, 32, 3))
    ours = entry.build((32, 32, 3), None, "tower")
    first, same = (
        next(layer for layer in tower.layers if layer.trainable_weights) for tower in (theirs, ours)
    )
    same.set_weights(first.get_weights())
    wanted = keras.Model(theirs.input, first.output)(raw.astype(np.float32))
    found = keras.Model(ours.input, same.output)(entry.normalise()(raw))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@functools.cache
def efficientnet_of(variance: tuple[float, ...]) -> keras.Model:
    """A whole EfficientNet of Keras whose own normalisation is by ImageNet's mean and this."""
    whole = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    own = next(x for x in whole.layers if isinstance(x, keras.layers.Normalization))
    own.set_weights([np.array(MEAN_RGB), np.array(variance), np.array(0)])
    own.finalize_state()
    return whole


def test_pixels_of_the_first_efficientnets_are_normalised_as_the_weights_of_imagenet_want():
    """They hold the deviation as variance, and Keras divides once more by its root."""
    whole, raw = efficientnet_of(DEVIATION_RGB), pixels(32)
    own = next(x for x in whole.layers if isinstance(x, keras.layers.Normalization))
    inside = np.asarray(keras.Model(whole.input, own.output)(raw.astype(np.float32)))
    np.testing.assert_allclose(torch_pixels()(raw), inside / np.sqrt(DEVIATION_RGB), atol=1e-5)


def test_the_weights_of_an_efficientnet_come_from_a_file_of_the_whole_or_of_the_tower(tmp_path):
    whole, part = str(tmp_path / "whole.weights.h5"), str(tmp_path / "part.weights.h5")
    efficientnet_of(DEVIATION_RGB).save_weights(whole)
    tower = efficientnet("EfficientNetB0", (32, 32, 3), whole)
    tower.save_weights(part)
    again = efficientnet("EfficientNetB0", (32, 32, 3), part)
    wanted = efficientnet_of(DEVIATION_RGB).get_weights()[3:]  # mean, variance, count
    for a, b, c in zip(wanted, tower.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_an_efficientnet_of_other_pixels_is_refused(tmp_path):
    own = str(tmp_path / "own.weights.h5")
    efficientnet_of((1.0, 1.0, 1.0)).save_weights(own)
    with pytest.raises(ValueError, match=r"own\.weights\.h5 was trained on pixels of another"):
        efficientnet("EfficientNetB0", (32, 32, 3), own)


def test_weights_that_cannot_be_downloaded_say_so(monkeypatch):
    def gone(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(keras.src.utils.file_utils, "get_file", gone)
    with pytest.raises(ValueError, match=r"of VGG16 could not be had: no route.*downloaded"):
        image_branch("image", Image("vgg16", (32, 32), weights="imagenet"))


def test_a_spectrogram_of_one_channel_is_looked_at_too():
    tower = APPLICATIONS["mobilenet_v3_small"].build((40, 32, 1), None, "tower")
    assert tower(np.ones((2, 40, 32, 1), np.float32)).shape == (2, 2, 1, 576)


@functools.cache
def beginnings():
    """Of each family the smallest member for the smallest picture, up to some layer, all in one
    model: (model, float32 file, inputs, Keras' answers)."""
    keras.utils.set_random_seed(0)
    inputs, outputs, feed = {}, {}, {}
    for name, last in BEGINNINGS.items():
        entry = APPLICATIONS[name]
        px = entry.min_px
        whole = entry.build((px, px, 3), None, f"{name}_whole")
        tower = keras.Model(whole.input, whole.layers[last].output, name=f"{name}_tower")
        feed[name] = pixels(px)
        inputs[name] = keras.Input((px, px, 3), dtype="uint8", name=name)
        features = tower(entry.normalise(name=f"{name}_pixels")(inputs[name]))
        pool = keras.layers.GlobalAveragePooling2D(name=f"{name}_pool")
        outputs[f"{name}_features"] = pool(features)
    model = keras.Model(inputs, outputs)
    settle(model, feed)
    return model, convert(model), feed, model.predict(feed, verbose=0)


def test_a_saved_family_answers_alike(tmp_path):
    model, _, feed, expected = beginnings()
    model.save(tmp_path / "m.keras")
    found = keras.models.load_model(tmp_path / "m.keras").predict(feed, verbose=0)
    for name, wanted in expected.items():
        np.testing.assert_allclose(found[name], wanted, atol=1e-5 * np.abs(wanted).max())


@every_precision
def test_every_family_reaches_the_device_in_every_precision(precision):
    model, lite, feed, expected = beginnings()
    found = run_lite(quantize(lite, precision, rows_of(feed), islands_of(model, precision)), feed)
    for name, wanted in expected.items():
        check(found[name] - wanted, wanted, precision)


def check(error: np.ndarray, wanted: np.ndarray, precision: str) -> None:
    if FORMATS[precision].exact:
        assert np.abs(error).max() < 1e-4 * np.abs(wanted).max()
    else:  # of what the rows differ by
        assert np.isfinite(error).all()
        if FORMATS[precision].weight_bits > 4:  # in 16 steps random weights answer otherwise
            assert error.std() < 0.25 * (wanted - wanted.mean(axis=0)).std()
