import keras
import numpy as np
import pytest

from mmkeras.branches.audio import audio_branch
from mmkeras.branches.mfcc import Mfcc, dct
from mmkeras.modalities import Audio


def test_it_is_the_orthonormal_dct_of_the_bands_in_float64():
    log_mel = np.random.default_rng(0).normal(size=(2, 5, 40, 1))
    m, n = np.arange(40)[:, None], np.arange(20)
    matrix = np.sqrt(2 / 40) * np.cos(np.pi * n * (m + 0.5) / 40)
    matrix[:, 0] /= np.sqrt(2)
    wanted = log_mel[..., 0] @ matrix
    coefficients = Mfcc()(log_mel.astype(np.float32))
    assert coefficients.shape == (2, 5, 20, 1)
    np.testing.assert_allclose(coefficients[..., 0], wanted, atol=1e-5)


def test_equal_bands_have_a_first_coefficient_alone():
    """√M times the band: 3 · √4 = 6."""
    coefficients = Mfcc()(np.full((1, 1, 4, 1), 3.0, np.float32))
    np.testing.assert_allclose(coefficients[0, 0, :, 0], [6, 0, 0, 0], atol=1e-6)


def test_all_coefficients_keep_all_that_there_is():
    np.testing.assert_allclose(dct(16) @ dct(16).T, np.eye(16), atol=1e-6)


def test_a_branch_may_take_it_as_its_front():
    branch = audio_branch("mic", Audio("tcn", 320, 8_000, mels=32, front="mfcc"))
    tower = branch.tokens._keras_history.operation
    assert tower.input_shape == (None, 20, 20, 1)  # frames, coefficients


def test_an_unknown_front_is_an_error_that_guesses():
    with pytest.raises(ValueError, match="unknown front 'mfc'; did you mean 'mfcc'"):
        audio_branch("mic", Audio(front="mfc"))


def test_it_loads_from_a_saved_model(tmp_path):
    start = keras.Input((5, 16, 1))
    keras.Model(start, Mfcc(7)(start)).save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").output_shape == (None, 5, 7, 1)
