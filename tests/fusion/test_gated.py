import numpy as np

from mmkeras.fusion import Gated

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def test_before_training_every_gate_is_half_open():
    layer = Gated()
    fused, gates = layer(FEATURES, return_weights=True)
    np.testing.assert_allclose(gates, np.full((2, 3, 4), 0.5))
    towers = layer.get_weights()[2:]
    wanted = sum(0.5 * np.tanh(FEATURES[:, m] @ towers[2 * m]) for m in range(3))
    np.testing.assert_allclose(fused, wanted, atol=1e-6)


def test_a_gate_sees_all_modalities():
    layer = Gated()
    layer.build(FEATURES.shape)
    kernel, bias, *towers = layer.get_weights()
    kernel[4, 0] = 1.0  # the first entry of modality 1 moves the first gate of modality 0
    layer.set_weights([kernel, bias, *towers])
    _, gates = layer(FEATURES, return_weights=True)
    np.testing.assert_allclose(gates[:, 0, 0], 1 / (1 + np.exp(-FEATURES[:, 1, 0])), atol=1e-6)
