"""Which channels go, and how many: exact numbers on small models."""

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras_export import Cut, Examples, multiply_adds, slim
from mmkeras_export.shrinking.slimming.graph import channels_of
from mmkeras_export.shrinking.slimming.importance import CRITERIA, gradients_of


def two_branches(width=32):
    """4 -> width -> width -> 2 and 4 -> width -> 2, side by side."""
    start = keras.Input((4,))
    x = layers.Dense(width, "relu", name="deep_in")(start)
    x = layers.Dense(2, name="deep_out")(layers.Dense(width, "relu", name="deep_mid")(x))
    y = layers.Dense(2, name="flat_out")(layers.Dense(width, "relu", name="flat_in")(start))
    return keras.Model(start, layers.Add()([x, y]))


def units(model):
    return {x.name: x.units for x in model.layers if isinstance(x, layers.Dense)}


def whole(model):
    return sum(multiply_adds(model).values())


def test_the_multiply_adds_of_a_dense_layer_are_its_kernel():
    assert multiply_adds(two_branches(8)) == {
        "deep_in": 32,
        "deep_mid": 64,
        "deep_out": 16,
        "flat_in": 32,
        "flat_out": 16,
    }


@pytest.mark.parametrize("ranking", ["uniform", "global"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_at_least_the_share_goes_and_little_more(share, ranking):
    keras.utils.set_random_seed(0)
    model = two_branches()
    gone = 1 - whole(slim(model, share, Cut(ranking=ranking, multiple=1))) / whole(model)
    assert share <= gone < share + 0.05


def test_a_share_of_the_channels_is_one_of_their_number():
    assert units(slim(two_branches(), 0.25, Cut(of="channels", multiple=1))) == {
        "deep_in": 24,
        "deep_mid": 24,
        "deep_out": 2,
        "flat_in": 24,
        "flat_out": 2,
    }


def test_what_stays_is_a_multiple():
    found = units(slim(two_branches(), 0.5, Cut(multiple=8)))
    assert {found[name] % 8 for name in ("deep_in", "deep_mid", "flat_in")} == {0}


def test_each_branch_has_its_share():
    small = slim(two_branches(), {"deep_*": 0.5, "*": 0.0}, Cut(multiple=1))
    found, before = multiply_adds(small), multiply_adds(two_branches())
    assert found["flat_in"] == before["flat_in"]
    deep = [sum(of[n] for n in ("deep_in", "deep_mid", "deep_out")) for of in (found, before)]
    assert 0.45 < deep[0] / deep[1] <= 0.5


def test_what_is_protected_keeps_its_units():
    found = units(slim(two_branches(), 0.5, Cut(protect=("deep_mid",), multiple=1)))
    assert found["deep_mid"] == 32
    assert found["deep_in"] < 16


def test_what_does_not_train_stays():
    model = two_branches()
    model.get_layer("deep_mid").trainable = False
    assert units(slim(model, 0.1, Cut(multiple=1)))["deep_in"] == 32


def test_the_smallest_by_their_norm_go():
    start = keras.Input((1,))
    model = keras.Model(start, layers.Dense(1)(layers.Dense(4, name="four")(start)))
    model.get_layer("four").kernel.assign([[4.0, 1.0, -3.0, 2.0]])
    model.layers[-1].kernel.assign(np.ones((4, 1)))
    small = slim(model, 0.5, Cut(multiple=1))
    np.testing.assert_array_equal(small.get_layer("four").kernel, [[4.0, -3.0]])


def test_gamma_goes_by_the_scale_of_batch_normalisation():
    start = keras.Input((1,))
    x = layers.BatchNormalization(name="norm")(layers.Dense(3, name="three")(start))
    model = keras.Model(start, layers.Dense(1)(x))
    model.get_layer("norm").gamma.assign([0.5, -2.0, 0.5])
    (group,) = channels_of(model).groups
    np.testing.assert_allclose(CRITERIA["gamma"](group, {}), [0.5, 2.0, 0.5])  # their mean is 1


def linear():
    """y = 2 a x + 3 b x with a = 1, b = -1."""
    start = keras.Input((1,))
    x = layers.Dense(2, use_bias=False, name="two")(start)
    model = keras.Model(start, layers.Dense(1, use_bias=False, name="sum")(x))
    model.set_weights([np.array([[1.0, -1.0]]), np.array([[2.0], [3.0]])])
    return model


def test_taylor_is_the_change_of_the_loss_without_the_channel_to_first_order():
    model = linear()
    batch = np.array([[1.0]]), np.array([[0.0]])  # y = -1: loss y² = 1, dL/dy = -2
    gradients = gradients_of(channels_of(model), Examples([batch, batch], "mse"))
    (group,) = channels_of(model).groups
    # w · dL/dw of the readers: 2 · (-2 · 1) and 3 · (-2 · -1), squared
    np.testing.assert_allclose(CRITERIA["taylor"](group, gradients), [16.0, 36.0], rtol=1e-4)
    np.testing.assert_array_equal(model.get_layer("sum").kernel, [[2.0], [3.0]])


def test_taylor_and_examples_go_together():
    with pytest.raises(ValueError, match='examples= and criterion="taylor" go together'):
        slim(linear(), 0.5, Cut("taylor"))
    with pytest.raises(ValueError, match="wants at least one batch"):
        slim(linear(), 0.5, Cut("taylor"), Examples([], "mse"))


@pytest.mark.parametrize(
    ("share", "cut", "message"),
    [
        (1.0, Cut(), r"share must lie between 0 and 1\. Received: 1\.0"),
        (0.5, Cut("l3"), "unknown criterion 'l3'"),
        (0.5, Cut(ranking="best"), "unknown ranking 'best'"),
        (0.5, Cut(of="flops"), "unknown share of what: 'flops'"),
        (0.5, Cut(multiple=0), "multiple is 1 or more"),
        ({"image_*": 0.5}, Cut(), r"no layer with weights fits 'image_\*'; there are deep_in, "),
        (0.9, Cut(protect=("deep_in",)), r"share=0\.9 of '\*' cannot be cut, at most 0\.\d\d"),
        (0.5, Cut(protect=("*",)), "no channels of '.*' can be cut"),
    ],
)
def test_impossible_wishes_are_refused(share, cut, message):
    with pytest.raises(ValueError, match=message):
        slim(two_branches(), share, cut)


def test_what_holds_channels_up_is_named():
    start = keras.Input((4,))
    x = layers.GroupNormalization(2, name="in_groups")(layers.Dense(8)(start))
    with pytest.raises(ValueError, match=r"held up by in_groups \(a GroupNormalization needs all"):
        slim(keras.Model(start, layers.Dense(2)(x)), 0.5)


def test_under_layer_normalisation_channels_go_only_when_asked():
    start = keras.Input((4,))
    x = layers.LayerNormalization(name="norm")(layers.Dense(16, name="wide")(start))
    model = keras.Model(start, layers.Dense(2)(x))
    with pytest.raises(ValueError, match="can be cut"):
        slim(model, 0.5)
    small = slim(model, 0.5, Cut(exact=False))
    wide, norm, _ = small.layers[1:]
    assert (wide.units, norm.gamma.shape) == (8, (8,))
    np.testing.assert_allclose(norm(wide(np.ones((1, 4)))).numpy().mean(), 0.0, atol=1e-6)
