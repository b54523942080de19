import numpy as np

from mmkeras.fusion import Average

DECISIONS = np.array([[[0.9, 0.1], [0.3, 0.7]]], np.float32)  # (B, M, K)


def test_who_is_there_is_averaged():
    both, first = (np.array([there], np.float32) for there in ([1, 1], [1, 0]))
    np.testing.assert_allclose(Average()(DECISIONS, both), [[0.6, 0.4]], atol=1e-6)
    np.testing.assert_allclose(Average()(DECISIONS, first), [[0.9, 0.1]], atol=1e-6)
