import keras
import numpy as np
import pytest

from mmkeras.branches.absent import OrMissing

FEATURES = np.array([[1, 2], [3, 4], [5, 6]], np.float32)


def or_missing(vector=(7, 8), **options):
    layer = OrMissing(**options)
    layer.build((None, 2), (None,))
    layer.set_weights([np.array(vector, np.float32)])
    return layer


def test_absent_features_become_the_learned_vector():
    layer = or_missing()
    found = layer(FEATURES, np.array([1, 0, 1], np.float32))
    np.testing.assert_array_equal(found, [[1, 2], [7, 8], [5, 6]])


@pytest.mark.parametrize("content", [np.nan, np.inf, 1e30])
def test_what_an_absent_input_holds_does_not_matter(content):
    features = FEATURES.copy()
    features[1] = content
    found = or_missing()(features, np.array([1, 0, 1], np.float32))
    np.testing.assert_array_equal(found, [[1, 2], [7, 8], [5, 6]])


@pytest.mark.parametrize(
    ("present", "there"), [(0.0, False), (0.49, False), (0.51, True), (1, True)]
)
def test_more_than_one_half_is_present(present, there):
    found = or_missing()(FEATURES[:1], np.array([present], np.float32))
    np.testing.assert_array_equal(found, [[1, 2]] if there else [[7, 8]])


def test_it_drops_in_training_only_and_as_often_as_told():
    layer = or_missing(drop=0.25, seed=1)
    many, present = np.ones((4_000, 2), np.float32), np.ones(4_000, np.float32)
    dropped = np.asarray(layer(many, present, training=True))[:, 0] == 7
    assert dropped.mean() == pytest.approx(0.25, abs=0.02)  # three standard deviations
    np.testing.assert_array_equal(layer(many, present), many)


def test_it_never_brings_back_what_is_absent():
    layer = or_missing(drop=0.0)
    found = layer(FEATURES, np.zeros(3, np.float32), training=True)
    np.testing.assert_array_equal(found, [[7, 8]] * 3)


def test_the_vector_learns_from_what_was_dropped():
    start = {"x": keras.Input((2,), name="x"), "present": keras.Input((), name="present")}
    model = keras.Model(start, OrMissing(drop=0.0)(start["x"], start["present"]))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    feed = {"x": FEATURES[:2], "present": np.array([1, 0], np.float32)}
    model.fit(feed, np.full((2, 2), 4.0), verbose=0)
    # d/dv of the mean of four squares, of which two hold v: (2 / 4) · (0 - 4) = -2, times 0.5
    np.testing.assert_allclose(model.get_weights()[0], [1, 1], atol=1e-6)


def test_its_settings_are_saved():
    assert (
        OrMissing.from_config(OrMissing(drop=0.3, seed=4).get_config()).get_config()["drop"] == 0.3
    )
