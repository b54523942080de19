import keras
import numpy as np
import pytest

from mmkeras.branches.pixels import (
    CaffePixels,
    Ink,
    Pixels,
    halved_pixels,
    symmetric_pixels,
    torch_pixels,
)

BLACK, WHITE, RED = [0, 0, 0], [255, 255, 255], [255, 0, 0]
PIXELS = np.array([[[BLACK, WHITE, RED]]], np.uint8)  # (1, 1, 3, 3)
ALL = [Ink, Pixels, CaffePixels, torch_pixels, symmetric_pixels, halved_pixels]


def test_ink_is_1_on_black_and_0_on_white():
    np.testing.assert_allclose(Ink()(PIXELS), [[[[1] * 3, [0] * 3, [0, 1, 1]]]], atol=1e-6)


def test_raw_pixels_keep_their_value():
    found = Pixels()(PIXELS)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_array_equal(found, PIXELS)


def test_caffe_pixels_are_blue_green_red_less_their_mean():
    found = np.asarray(CaffePixels()(PIXELS))[0, 0]
    np.testing.assert_allclose(found[0], [-103.939, -116.779, -123.68], rtol=1e-6)
    np.testing.assert_allclose(found[2], [-103.939, -116.779, 255 - 123.68], rtol=1e-6)


def test_torch_pixels_have_the_mean_and_the_deviation_of_imagenet():
    found = np.asarray(torch_pixels()(PIXELS))[0, 0]
    np.testing.assert_allclose(found[0], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], 1e-6)
    np.testing.assert_allclose(found[2, 0], (1 - 0.485) / 0.229, 1e-6)


def test_symmetric_pixels_are_minus_1_to_1():
    np.testing.assert_allclose(symmetric_pixels()(PIXELS)[0, 0, 2], [1, -1, -1], atol=1e-6)


def test_halved_pixels_end_a_little_below_1():
    np.testing.assert_array_equal(halved_pixels()(PIXELS)[0, 0, 2], [255 / 128 - 1, -1, -1])


@pytest.mark.parametrize("layer", ALL)
def test_bytes_and_floats_give_the_same(layer):
    np.testing.assert_array_equal(layer()(PIXELS), layer()(PIXELS.astype(np.float32)))
