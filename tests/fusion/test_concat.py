import numpy as np

from mmkeras.fusion import Concat


def test_modalities_stand_one_after_the_other():
    features = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    np.testing.assert_array_equal(Concat()(features), [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
