import keras
import numpy as np
import pytest

from mmkeras.branches.standardise import Standardise


@pytest.fixture
def layer() -> Standardise:
    layer = Standardise("imu")
    layer.build((None, 4, 2))
    return layer


def test_before_it_has_seen_rows_everything_goes_through(layer):
    assert not layer.adapted
    np.testing.assert_array_equal(layer(np.full((1, 4, 2), 7.0)), np.full((1, 4, 2), 7.0))


def test_two_values_become_minus_one_and_one_whatever_their_unit(layer):
    layer.measure(np.array([[101_300, 0.001], [101_350, 0.003]]))
    assert layer.adapted
    out = layer(np.array([[[101_300, 0.001], [101_350, 0.003]]], np.float32))
    np.testing.assert_allclose(out, [[[-1, -1], [1, 1]]], rtol=1e-3)


def test_a_gap_is_the_mean_and_a_channel_that_never_varies_stays_0(layer):
    layer.measure(np.array([[1, 5], [3, 5], [np.nan, 5]]))
    np.testing.assert_allclose(layer(np.array([[np.nan, 5]])), [[0, 0]])
    np.testing.assert_allclose(layer(np.array([[3, 6]])), [[1, 1]])


def test_only_the_first_channels_of_a_longer_row_are_measured(layer):
    layer.measure(np.array([[1, 5, np.nan], [3, 7, np.nan]]))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer.mean), [2, 6])


def test_it_is_not_trained_and_comes_back_from_a_file(layer, tmp_path):
    start = keras.Input((4, 2))
    model = keras.Model(start, layer(start))
    layer.measure(np.arange(8.0).reshape(4, 2))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras").layers[-1]
    assert (loaded.adapted, loaded.adapts_to, loaded.trainable_weights) == (True, "imu", [])
    np.testing.assert_array_equal(loaded.mean, [3, 4])
