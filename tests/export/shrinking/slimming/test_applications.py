"""Whole members of `keras.applications`: as if their channels were zero, and on the device."""

import keras
import numpy as np
import pytest

from mmkeras_export import Cut, Examples, convert, multiply_adds, run_lite, slim

PX = 32
BUILT = {
    "mobilenet_v2": keras.applications.MobileNetV2,
    "resnet50": keras.applications.ResNet50,
    "efficientnet_b0": keras.applications.EfficientNetB0,
}


def pixels():
    return np.random.default_rng(0).uniform(0, 255, (2, PX, PX, 3)).astype(np.float32)


@pytest.fixture(params=BUILT)
def model(request, settle):
    keras.utils.set_random_seed(0)
    built = BUILT[request.param](weights=None, input_shape=(PX, PX, 3), classes=10)
    return settle(built)


@pytest.mark.slow
def test_a_whole_model_is_cut_as_if_its_channels_were_zero(model, check_slim):
    check_slim(model, pixels())


@pytest.mark.slow
def test_half_of_its_work_goes_and_the_device_answers_alike(model, tmp_path):
    small = slim(model, 0.5)
    before, after = (sum(multiply_adds(each).values()) for each in (model, small))
    assert 0.45 < after / before <= 0.5
    maps = [x.filters for x in small.layers if type(x) is keras.layers.Conv2D]
    assert {filters % 8 for filters in maps if filters > 8} == {0}
    small.save(tmp_path / "small.keras")
    loaded = keras.models.load_model(tmp_path / "small.keras")
    (found,) = run_lite(convert(loaded), {loaded.inputs[0].name: pixels()}).values()
    np.testing.assert_allclose(found, small.predict(pixels(), verbose=0), rtol=0, atol=1e-4)


@pytest.mark.slow
def test_the_gradient_decides_in_a_whole_model(settle):
    keras.utils.set_random_seed(0)
    model = settle(BUILT["mobilenet_v2"](weights=None, input_shape=(PX, PX, 3), classes=10))
    batch = pixels(), np.array([1, 2])
    before = model.get_weights()
    examples = Examples([batch], "sparse_categorical_crossentropy")
    small = slim(model, 0.3, Cut("taylor", ranking="global"), examples)
    assert small.count_params() < model.count_params()
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
