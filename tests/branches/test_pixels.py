import keras
import numpy as np
import pytest

from mmkeras.branches.pixels import CaffePixels, Ink, Pixels

BLACK, WHITE, RED = [0, 0, 0], [255, 255, 255], [255, 0, 0]
PIXELS = np.array([[[BLACK, WHITE, RED]]], np.uint8)  # (1, 1, 3, 3)


def test_ink_is_1_on_black_and_0_on_white():
    np.testing.assert_allclose(Ink()(PIXELS), [[[[1] * 3, [0] * 3, [0, 1, 1]]]], atol=1e-6)


def test_raw_pixels_keep_their_value():
    found = Pixels()(PIXELS)
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, PIXELS)


def test_caffe_pixels_are_blue_green_red_less_their_mean():
    found = np.asarray(CaffePixels()(PIXELS))[0, 0]
    np.testing.assert_allclose(found[0], [-103.939, -116.779, -123.68], rtol=1e-6)
    np.testing.assert_allclose(found[2], [-103.939, -116.779, 255 - 123.68], rtol=1e-6)


def test_caffe_pixels_are_those_that_keras_feeds_vgg16():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3)).astype(np.float32)
    wanted = keras.applications.vgg16.preprocess_input(pixels.copy())
    np.testing.assert_allclose(CaffePixels()(pixels), wanted, atol=1e-4)


@pytest.mark.parametrize("layer", [Ink, Pixels, CaffePixels])
def test_bytes_and_floats_give_the_same(layer):
    np.testing.assert_array_equal(layer()(PIXELS), layer()(PIXELS.astype(np.float32)))
