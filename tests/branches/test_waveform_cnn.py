import keras
import numpy as np

from mmkeras.branches.waveform_cnn import Levelled, waveform_cnn


def test_loudness_does_not_matter_and_silence_stays_silent():
    samples = np.random.default_rng(0).normal(size=(1, 100)).astype(np.float32)
    np.testing.assert_allclose(Levelled()(samples), Levelled()(10 * samples), rtol=1e-5)
    np.testing.assert_allclose(np.mean(np.square(Levelled()(samples))), 1, rtol=1e-5)
    assert np.abs(Levelled()(0 * samples)).max() == 0


def test_the_first_filters_are_10_ms_long_and_the_width_doubles_from_the_third_layer_on():
    """At 8 kHz: 80 samples, every 4th; 2048 / 4 = 512 steps, quartered four times."""
    samples = keras.Input((2_048,))
    model = keras.Model(samples, waveform_cnn("mic", samples, 8_000, units=32))
    kernels = [w.shape for w in model.weights if w.name == "kernel"]
    assert kernels == [(80, 1, 8), (3, 8, 8), (3, 8, 16), (3, 16, 32)]
    assert model.output_shape == (None, 2, 32)
