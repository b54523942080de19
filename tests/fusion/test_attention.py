import math

import numpy as np
import pytest

from mmkeras.fusion.attention import FeedForward, MaskedAttention

RANDOM = np.random.default_rng(0)
QUERIES = RANDOM.normal(size=(1, 2, 4)).astype(np.float32)  # (B, N, D)
CONTEXT = RANDOM.normal(size=(1, 3, 4)).astype(np.float32)  # (B, T, D)
MASK = np.array([[1, 1, 0]], np.float32)


def attention(heads=2, seed=1):
    """With random weights: its own begin with zeros."""
    layer = MaskedAttention(heads)
    layer.build(QUERIES.shape, CONTEXT.shape)
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    return layer


def test_a_layer_is_its_equation_in_numpy():
    layer = attention(heads=2)
    query, query_bias, keys_values, keys_values_bias, out = layer.get_weights()
    q = (QUERIES[0] @ query + query_bias).reshape(2, 2, 2)
    both = CONTEXT[0, :2] @ keys_values + keys_values_bias  # the third token is masked
    k, v = both[:, :4].reshape(2, 2, 2), both[:, 4:].reshape(2, 2, 2)
    found, weights = layer(QUERIES, CONTEXT, MASK, return_weights=True)
    wanted = np.zeros((2, 2, 2))
    for n in range(2):
        for head in range(2):
            scores = np.exp([q[n, head] @ k[t, head] / math.sqrt(2) for t in range(2)])
            wanted[n, head] = scores / scores.sum() @ v[:, head]
            np.testing.assert_allclose(weights[0, head, n], [*scores / scores.sum(), 0], atol=1e-5)
    np.testing.assert_allclose(found[0], wanted.reshape(2, 4) @ out, atol=1e-5)


def test_without_a_mask_every_token_counts():
    layer = attention()
    all_of_them = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(
        layer(QUERIES, CONTEXT), layer(QUERIES, CONTEXT, all_of_them), atol=1e-6
    )


def test_who_sees_nothing_gets_zeros():
    np.testing.assert_array_equal(
        attention()(QUERIES, CONTEXT, np.zeros((1, 3), np.float32)), np.zeros((1, 2, 4))
    )


def test_dense_layers_begin_by_changing_nothing():
    np.testing.assert_array_equal(FeedForward()(CONTEXT), CONTEXT)


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"width must be a multiple of 3 heads\. Received: 4"):
        MaskedAttention(3)(QUERIES, CONTEXT)
