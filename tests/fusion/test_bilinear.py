from itertools import combinations

import numpy as np

from mmkeras.fusion import Bilinear

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def test_before_training_it_is_the_sum():
    np.testing.assert_allclose(Bilinear()(FEATURES), FEATURES.sum(axis=1), atol=1e-6)


def test_a_layer_is_its_equation_in_numpy_pair_by_pair():
    layer = Bilinear(rank=5)
    layer.build(FEATURES.shape)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    *factors, out, bias = layer.get_weights()
    seen = [np.tanh(FEATURES[:, m] @ factors[2 * m] + factors[2 * m + 1]) for m in range(3)]
    pairs = sum(seen[m] * seen[n] for m, n in combinations(range(3), 2))
    wanted = FEATURES.sum(axis=1) + pairs @ out + bias
    np.testing.assert_allclose(layer(FEATURES), wanted, atol=1e-5)
