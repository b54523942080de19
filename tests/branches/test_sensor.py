import keras
import numpy as np
import pytest

from mmkeras.branches.sensor import ENCODERS, LastStep, sensor_branch
from mmkeras.modalities import Sensor


def branch_of(branch: str, **options):
    keras.utils.set_random_seed(0)
    return sensor_branch("imu", Sensor(3, rate_hz=20, window_ms=800, branch=branch, **options))


@pytest.mark.parametrize("branch", ENCODERS)
def test_a_window_of_16_steps_gives_a_vector_and_tokens_of_its_units(branch):
    made = branch_of(branch, units=8)
    assert made.input.shape == (None, 16, 3)
    assert made.pooled.shape == (None, 8)
    assert made.tokens.shape == (None, 2 if branch == "cnn" else 16, 8)  # halved three times
    assert made.mask is None


def test_a_recurrent_branch_gives_its_last_state():
    made = branch_of("gru", units=4)
    model = keras.Model(made.input, [made.pooled, made.tokens])
    pooled, tokens = model.predict(np.ones((2, 16, 3), np.float32), verbose=0)
    np.testing.assert_array_equal(pooled, tokens[:, -1])
    np.testing.assert_array_equal(LastStep()(tokens), pooled)


def test_a_frozen_branch_has_no_weights_to_train():
    made = branch_of("tcn", trainable=False)
    assert keras.Model(made.input, made.pooled).trainable_weights == []


def test_an_unknown_branch_gets_a_guess():
    with pytest.raises(ValueError, match=r"unknown sensor branch 'ltsm'; did you mean 'lstm'\?"):
        branch_of("ltsm")
