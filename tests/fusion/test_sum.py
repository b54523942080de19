import numpy as np

from mmkeras.fusion import Sum


def test_modalities_are_added():
    np.testing.assert_array_equal(Sum()(np.array([[[1, 2], [30, 40]]], np.float32)), [[31, 42]])
