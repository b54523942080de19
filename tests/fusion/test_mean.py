import numpy as np

from mmkeras.fusion import Mean


def test_modalities_are_averaged():
    np.testing.assert_array_equal(Mean()(np.array([[[1, 2], [3, 6]]], np.float32)), [[2, 4]])
