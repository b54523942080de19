import keras
import numpy as np
import pytest

from mmkeras_export import Clustering, cluster, prune, sparsity_by_layer
from mmkeras_export.shrinking.centroids import INITS, kmeans, nearest
from mmkeras_export.shrinking.kernels import kernels_of


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((32,)),
            keras.layers.Dense(40, "relu", name="first"),
            keras.layers.Dense(30, "relu", name="second"),
            keras.layers.Dense(1, name="last"),
        ]
    )


def train(model, *callbacks, epochs=2):
    x = np.random.default_rng(0).normal(size=(128, 32)).astype(np.float32)
    y = x[:, :1] * x[:, 1:2]
    return model.fit(x, y, 16, epochs, verbose=0, callbacks=list(callbacks)).history["loss"]


def values_of(model):
    return [len(np.unique(kernel.numpy())) for kernel in kernels_of(model)]


def test_numbers_in_heaps_have_the_heaps_means():
    np.testing.assert_allclose(kmeans(np.array([0, 1, 10, 11, 20, 21]), 3), [0.5, 10.5, 20.5])


@pytest.mark.parametrize("init", INITS)
def test_sixteen_values_of_a_normal_distribution_are_off_by_what_max_computed(init):
    values = np.random.default_rng(0).normal(size=200_000)
    centroids = kmeans(values, 16, init)
    error = np.mean((values - centroids[nearest(values, centroids)]) ** 2)
    # Max, "Quantizing for minimum distortion", 1960, table 1: 0.009497 for 16 levels.
    assert error == pytest.approx(0.009497, rel=0.02)


def test_fewer_different_numbers_than_clusters_stay_as_they_are():
    assert kmeans(np.array([2.0, 1.0, 2.0]), 16).tolist() == [1, 2]


def test_a_centroid_without_numbers_goes_where_the_error_is():
    values = np.concatenate([np.linspace(0, 1, 1000), [1000]])
    assert len(kmeans(values, 8)) == 8  # evenly spaced starts would leave six of them alone


def test_zero_stays_zero_and_is_one_of_the_values_of_a_pruned_model():
    small = cluster(prune(network(), 0.7), 8)
    assert values_of(small) == [8, 8]
    assert sparsity_by_layer(small) == {"first/kernel": 0.7, "second/kernel": 0.7}


def test_each_layer_may_have_its_own_number_and_the_rest_is_left_alone():
    assert values_of(cluster(network(), {"f*": 4})) == [4, 1200]


def test_the_model_that_was_clustered_is_as_it_was():
    model = network()
    before = model.get_weights()
    cluster(model, 4)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.01, momentum=0.9),
        lambda: keras.optimizers.AdamW(weight_decay=0.1),
        lambda: keras.optimizers.Adam(use_ema=True),
    ],
    ids=["momentum", "AdamW", "averages"],
)
def test_weights_share_values_that_learn_whatever_the_optimizer(optimizer):
    model = cluster(prune(network(), 0.5), 8)
    before = [kernel.numpy() for kernel in kernels_of(model)]
    model.compile(optimizer(), "mse")
    losses = train(model, Clustering(8), epochs=3)
    assert losses[-1] < losses[0]
    assert values_of(model) == [8, 8]
    assert set(sparsity_by_layer(model).values()) == {0.5}
    for kernel, then in zip(kernels_of(model), before, strict=True):
        now = kernel.numpy()
        assert len(np.unique(now[then == then.max()])) == 1  # those together stay together
        assert now[then == then.max()][0] != then.max()


def test_a_shared_value_moves_by_the_mean_step_of_its_members():
    """Those of output i have the gradient -i: over outputs 0..49 that is -24.5 in the mean."""
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(100, use_bias=False)])
    ramp = np.arange(100, dtype=np.float32)
    model.compile(keras.optimizers.SGD(0.01), loss=lambda y, answer: -keras.ops.sum(answer * ramp))
    model.layers[0].kernel.assign(np.where(ramp < 50, -1.0, 1.0) * np.ones((10, 1)))
    model.fit(np.ones((1, 10)), np.ones((1, 1)), verbose=0, callbacks=[Clustering(2)])
    kernel = keras.ops.convert_to_numpy(model.layers[0].kernel)
    np.testing.assert_allclose(kernel[:, :50], -1 + 0.245, rtol=1e-4)
    np.testing.assert_allclose(kernel[:, 50:], 1 + 0.745, rtol=1e-4)


def test_afterwards_nothing_is_to_be_stripped(tmp_path):
    model = network()
    model.compile("adam", "mse", run_eagerly=True)
    train(model, Clustering(8))
    model.save(tmp_path / "model.keras")
    assert values_of(keras.saving.load_model(tmp_path / "model.keras")) == [8, 8]
    train(model)
    assert min(values_of(model)) > 100


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"clusters": 1}, "clusters is a whole number, 2 or more. Received: 1"),
        ({"clusters": {"first": 2.5}}, "Received: 2.5"),
        ({"init": "lienar"}, "did you mean 'linear'?"),
        ({"clusters": {"fisrt": 4}}, "did you mean 'first'?"),
    ],
)
def test_impossible_wishes_are_refused(wish, message):
    with pytest.raises(ValueError, match=message):
        cluster(network(), **wish)
    with pytest.raises(TypeError, match="cluster takes a Keras model, or a run"):
        cluster("model.keras", **wish)
