import numpy as np

from mmkeras.fusion import Perceiver

RANDOM = np.random.default_rng(0)
TOKENS = [RANDOM.normal(size=(2, count, 4)).astype(np.float32) for count in (2, 3)]  # (B, T, D)
MASKS = [np.ones((2, count), np.float32) for count in (2, 3)]


def test_without_preferences_a_layer_adds_the_mean_of_all_tokens():
    layer = Perceiver(latents=3, layers=1, heads=2)
    layer.build([t.shape for t in TOKENS], [m.shape for m in MASKS])
    (read,) = layer.reads
    read.query.set_weights([np.zeros((4, 4)), np.zeros(4)])  # all scores are zero
    kernel, bias = read.keys_values.get_weights()
    values = np.concatenate(TOKENS, axis=1) @ kernel[:, 4:] + bias[4:]
    wanted = np.mean(layer.start, axis=1) + values.mean(axis=1) @ read.out.get_weights()[0]
    np.testing.assert_allclose(layer(TOKENS, MASKS), wanted, atol=1e-5)


def test_its_weights_are_what_each_latent_reads():
    _, weights = Perceiver(latents=3, heads=2)(TOKENS, MASKS, return_weights=True)
    assert weights.shape == (2, 2, 3, 5)
    np.testing.assert_allclose(np.sum(weights, axis=-1), np.ones((2, 2, 3)), atol=1e-6)
