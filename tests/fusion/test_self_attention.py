import keras
import numpy as np
import pytest

from mmkeras.fusion import SelfAttention

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)  # (B, M, D)


def attention(seed=0, **options):
    """With random weights: its own begin with zeros."""
    layer = SelfAttention(2, **options)
    layer.build((None, 3, 4))
    random = np.random.default_rng(seed)
    layer.set_weights([random.normal(size=w.shape) for w in layer.weights])
    return layer


@pytest.mark.parametrize("layers", [1, 3])
def test_before_training_it_is_the_sum_of_the_modalities(layers):
    fused = SelfAttention(2, layers)(FEATURES)
    np.testing.assert_allclose(fused, FEATURES.sum(axis=1), atol=1e-6)


def test_what_the_modalities_say_of_each_other_is_added():
    layer = attention()
    fused, weights = layer(FEATURES, return_weights=True)
    seen = layer.steps[0](FEATURES, FEATURES)
    np.testing.assert_allclose(fused, FEATURES.sum(axis=1) + np.sum(seen, axis=1), atol=1e-5)
    np.testing.assert_allclose(np.sum(weights, axis=-1), np.ones((2, 2, 3)), atol=1e-6)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_order_of_the_modalities_does_not_matter(layers):
    layer = attention(layers=layers)
    np.testing.assert_allclose(layer(FEATURES[:, [2, 0, 1]]), layer(FEATURES), rtol=1e-3, atol=1e-4)


def test_over_tokens_it_begins_at_the_sum_of_the_modalities_means():
    tokens = [np.full((1, 2, 4), 3, np.float32), np.full((1, 3, 4), 5, np.float32)]
    masks = [np.array([[1, 0]], np.float32), np.array([[1, 1, 1]], np.float32)]
    tokens[0][:, 1] = 0  # masked places hold zeros
    layer = SelfAttention(2, over="tokens")
    fused, weights = layer(tokens, masks, return_weights=True)
    np.testing.assert_allclose(fused, np.full((1, 4), 8), atol=1e-6)
    assert weights.shape == (1, 2, 5, 5)
    np.testing.assert_array_equal(weights[..., 1], np.zeros((1, 2, 5)))  # nobody sees the masked


def test_over_says_what_it_takes():
    assert (SelfAttention().takes, SelfAttention(over="tokens").takes) == ("features", "tokens")
    with pytest.raises(ValueError, match=r"self_attention: 'token'; did you mean 'tokens'\?"):
        SelfAttention(over="token")


def test_a_width_that_the_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match=r"width must be a multiple of 3 heads\. Received: 4"):
        SelfAttention(3)(FEATURES)


def test_it_loads_from_a_saved_model(tmp_path):
    start = keras.Input((3, 4))
    layer = attention(layers=2)
    keras.Model(start, layer(start)).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(FEATURES), layer(FEATURES))


def test_a_weighted_pool_begins_at_the_mean_of_the_modalities():
    layer = SelfAttention(2, pool="weighted")
    np.testing.assert_allclose(layer(FEATURES), FEATURES.mean(axis=1), atol=1e-6)
    with pytest.raises(ValueError, match='pool="weighted" weighs modalities'):
        SelfAttention(2, over="tokens", pool="weighted")
