import keras
import numpy as np
import pytest

from mmkeras.branches.folded_power import folded_cosines, folded_power


@pytest.mark.parametrize("window", [8, 60, 256])
def test_folded_twice_it_is_the_power_of_the_fft(window):
    frames = np.random.default_rng(0).normal(size=(2, 3, window))
    wanted = np.abs(np.fft.rfft(frames)) ** 2  # bins 0 to N/2
    even, odd = folded_power(frames.astype(np.float32), *folded_cosines(window))
    np.testing.assert_allclose(even, wanted[..., 2:-1:2], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(odd, wanted[..., 1::2], rtol=1e-4, atol=1e-4)


def test_eight_samples_want_one_even_and_two_odd_bins_of_two_cosines():
    """Bin 2 at half a sample: cos(π/4) = 0.7071."""
    even, odd = folded_cosines(8)
    assert (even.shape, odd.shape) == ((2, 1), (2, 2))
    np.testing.assert_allclose(even[:, 0], [0.70711, -0.70711], atol=1e-5)


def test_the_matrices_are_an_eighth_of_the_whole_dft():
    even, odd = folded_cosines(512)
    assert even.size + odd.size < 512 * 512 / 8


def test_a_jump_anywhere_has_the_same_power_in_every_bin():
    impulses = np.eye(16, dtype=np.float32)[:, None, :]  # 16 frames
    for power in folded_power(keras.ops.convert_to_tensor(impulses), *folded_cosines(16)):
        np.testing.assert_allclose(power, np.ones(power.shape), atol=1e-5)


def test_a_window_that_cannot_be_folded_twice_is_an_error():
    with pytest.raises(ValueError, match=r"a multiple of 4 samples\. Received: 30"):
        folded_cosines(30)
