import numpy as np
import pytest

from mmkeras.fusion import Film

FEATURES = np.array([[[1, 2], [3, 4], [1, 0]]], np.float32)  # (B, M, D)


def test_the_condition_scales_and_shifts_each_of_the_others():
    layer = Film()
    layer.build(FEATURES.shape)
    kernel = np.zeros((2, 8))
    kernel[0] = [1, 0, 2, 0, 10, 0, 0, 20]  # γ of modality 0 and 1, β of both
    layer.set_weights([kernel, np.zeros(8)])
    first, second = (1 + 1) * 1 + 10, 2
    third, fourth = (1 + 2) * 3, 4 + 20
    np.testing.assert_array_equal(layer(FEATURES), [[first + third, second + fourth]])


def test_a_condition_of_zeros_leaves_the_sum_of_the_others():
    features = FEATURES.copy()
    features[:, 1] = 0
    np.testing.assert_array_equal(Film(condition=1)(features), [[2, 2]])


@pytest.mark.parametrize("place", [3, -4])
def test_a_place_that_there_is_not_is_refused(place):
    with pytest.raises(ValueError, match=rf"condition must be 0 to 2, .* Received: {place}"):
        Film(condition=place)(FEATURES)


def test_a_layer_of_its_own_knows_no_names():
    with pytest.raises(ValueError, match=r"condition='text': .* give the place among the inputs"):
        Film(condition="text")(FEATURES)
