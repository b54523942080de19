import numpy as np
import pytest

from mmkeras.fusion import CrossAttention

RANDOM = np.random.default_rng(0)
TOKENS = [RANDOM.normal(size=(1, count, 4)).astype(np.float32) for count in (2, 3, 2)]  # (B, T, D)
MASKS = [np.ones((1, count), np.float32) for count in (2, 3, 2)]


def test_without_preferences_it_is_the_mean_of_who_asks_and_of_what_the_others_say():
    layer = CrossAttention(query=1, heads=2)
    layer.build([t.shape for t in TOKENS], [m.shape for m in MASKS])
    for answer in layer.answers:
        answer.query.set_weights([np.zeros((4, 4)), np.zeros(4)])  # all scores are zero
    wanted = np.concatenate([layer.learned.numpy(), TOKENS[1]], axis=1).mean(axis=1)
    for answer, m in zip(layer.answers, (0, 2), strict=True):
        kernel, bias = answer.keys_values.get_weights()
        values = TOKENS[m] @ kernel[:, 4:] + bias[4:]
        wanted = wanted + values.mean(axis=1) @ answer.out.get_weights()[0]
    np.testing.assert_allclose(layer(TOKENS, MASKS), wanted, atol=1e-5)


def test_where_who_asks_is_absent_the_others_are_heard():
    layer = CrossAttention(heads=2)
    absent = [np.zeros((1, 2), np.float32), *MASKS[1:]]
    tokens = [np.zeros((1, 2, 4), np.float32), *TOKENS[1:]]
    before = np.asarray(layer(tokens, absent))
    tokens[1] = tokens[1] + 1
    assert np.abs(layer(tokens, absent) - before).max() > 1e-2


def test_its_weights_are_those_of_each_of_the_others():
    _, weights = CrossAttention(query=-1, heads=2)(TOKENS, MASKS, return_weights=True)
    assert [w.shape for w in weights] == [(1, 2, 3, 2), (1, 2, 3, 3)]
    np.testing.assert_allclose(np.sum(weights[1], axis=-1), np.ones((1, 2, 3)), atol=1e-6)


def test_a_place_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match=r"query must be 0 to 2, .* Received: 3"):
        CrossAttention(query=3)(TOKENS, MASKS)
