import numpy as np

from mmkeras.fusion import Bottleneck

RANDOM = np.random.default_rng(0)
TOKENS = [RANDOM.normal(size=(1, count, 4)).astype(np.float32) for count in (2, 3)]  # (B, T, D)
MASKS = [np.ones((1, count), np.float32) for count in (2, 3)]


def bottleneck(layers=2):
    """With random weights: its own begin with zeros."""
    layer = Bottleneck(tokens=2, layers=layers, heads=2)
    layer.build([t.shape for t in TOKENS], [m.shape for m in MASKS])
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    return layer


def test_before_training_it_is_the_sum_of_the_means_and_the_mean_of_the_bottleneck():
    layer = Bottleneck(heads=2)
    wanted = TOKENS[0].mean(axis=1) + TOKENS[1].mean(axis=1)
    fused = layer(TOKENS, MASKS)
    np.testing.assert_allclose(fused, wanted + np.mean(layer.start, axis=1), atol=1e-6)


def test_modalities_meet_only_in_the_bottleneck():
    first, second = (
        bottleneck()([TOKENS[0], other], MASKS, return_weights=True)[1][0]
        for other in (TOKENS[1], TOKENS[1] + 1)
    )
    assert first.shape == (1, 2, 4, 4)  # two tokens of its own and two of the bottleneck
    assert np.abs(first - second).max() > 1e-3  # the last of two layers has heard of it
    first, second = (
        bottleneck(layers=1)([TOKENS[0], other], MASKS, return_weights=True)[1][0]
        for other in (TOKENS[1], TOKENS[1] + 1)
    )
    np.testing.assert_array_equal(first, second)


def test_the_bottleneck_of_who_is_absent_does_not_count():
    layer, lost = bottleneck(layers=1), np.zeros((1, 3), np.float32)
    tokens = [TOKENS[0], np.zeros_like(TOKENS[1])]
    both, shared = np.concatenate([TOKENS[0], layer.start.numpy()], axis=1), np.ones((1, 4))
    alone = layer.behind[0](both + layer.steps[0](both, both, shared.astype(np.float32)))
    wanted = np.mean(alone[:, :2], axis=1) + np.mean(alone[:, 2:], axis=1)
    np.testing.assert_allclose(layer(tokens, [MASKS[0], lost]), wanted, atol=1e-5)
