import numpy as np

from mmkeras.fusion import MixtureOfExperts

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def test_before_training_all_experts_weigh_alike():
    _, gate = MixtureOfExperts(experts=5)(FEATURES, return_weights=True)
    np.testing.assert_allclose(gate, np.full((2, 5), 0.2))


def test_a_layer_is_its_equation_in_numpy():
    layer = MixtureOfExperts(experts=2)
    layer.build(FEATURES.shape)
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    kernel, bias, gate, gate_bias = layer.get_weights()
    for features, found in zip(FEATURES, np.asarray(layer(FEATURES)), strict=True):
        x = features.ravel()
        experts = np.maximum(x @ kernel + bias, 0).reshape(2, 4)
        scores = np.exp(x @ gate + gate_bias)
        np.testing.assert_allclose(found, scores / scores.sum() @ experts, rtol=1e-4)
