import numpy as np

from mmkeras.fusion import Max


def test_each_entry_is_the_largest_of_any_modality():
    np.testing.assert_array_equal(Max()(np.array([[[1, 9], [3, 6]]], np.float32)), [[3, 9]])
