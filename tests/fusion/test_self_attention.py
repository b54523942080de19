import math

import keras
import numpy as np
import pytest

from mmkeras.fusion import SelfAttention

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def attention(heads=2, seed=0):
    """With random weights: its own begin with zeros."""
    layer = SelfAttention(heads)
    layer.build((None, 3, 4))
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    return layer


def test_before_training_it_is_the_sum_of_the_modalities():
    np.testing.assert_allclose(SelfAttention(2)(FEATURES), FEATURES.sum(axis=1), atol=1e-6)


def test_a_layer_is_its_equation_in_numpy():
    layer = attention(heads=2)
    kernel, bias, out, out_bias = layer.get_weights()
    for features, found in zip(FEATURES, np.asarray(layer(FEATURES)), strict=True):
        q, k, v = (part.reshape(3, 2, 2) for part in np.split(features @ kernel + bias, 3, axis=1))
        seen = np.zeros((3, 2, 2))
        for head in range(2):
            for m in range(3):
                scores = np.exp([q[m, head] @ k[n, head] / math.sqrt(2) for n in range(3)])
                seen[m, head] = scores / scores.sum() @ v[:, head]
        wanted = features + seen.reshape(3, 4) @ out + out_bias
        np.testing.assert_allclose(found, wanted.sum(axis=0), atol=1e-5)


def test_the_order_of_the_modalities_does_not_matter():
    layer = attention()
    np.testing.assert_allclose(layer(FEATURES[:, [2, 0, 1]]), layer(FEATURES), atol=1e-5)


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"width must be a multiple of 3 heads\. Received: 4"):
        SelfAttention(3)(FEATURES)


def test_it_loads_from_a_saved_model(tmp_path):
    start = keras.Input((3, 4))
    layer = attention()
    keras.Model(start, layer(start)).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(FEATURES), layer(FEATURES))
