import numpy as np

from mmkeras.fusion import Stacking

DECISIONS = np.array([[[1, 2], [3, 8]]], np.float32)  # (B, M, K)
BOTH, FIRST = np.array([[1, 1]], np.float32), np.array([[1, 0]], np.float32)


def test_before_training_it_is_the_mean_of_who_is_there():
    np.testing.assert_allclose(Stacking()(DECISIONS, BOTH), [[2, 5]], atol=1e-6)
    np.testing.assert_allclose(Stacking()(DECISIONS, FIRST), [[1, 2]], atol=1e-6)


def test_it_learns_from_all_answers_and_from_who_is_absent():
    layer = Stacking()
    layer.build((None, 2, 2), (None, 2))
    kernel = np.zeros((6, 2))
    kernel[3, 0] = 10  # the second answer of modality 1 counts for the first class
    kernel[5, 1] = 100  # so does its presence for the second
    layer.set_weights([kernel, np.zeros(2)])
    np.testing.assert_allclose(layer(DECISIONS, BOTH), [[2 + 80, 5 + 100]], atol=1e-4)
    np.testing.assert_allclose(layer(DECISIONS, FIRST), [[1, 2]], atol=1e-6)
