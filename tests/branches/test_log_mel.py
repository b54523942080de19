import keras
import numpy as np
import pytest

from mmkeras.branches.log_mel import FLOOR, LogMel, hann, hz_to_mel, mel_filters
from mmkeras_edge import AudioSpec

SPEC = AudioSpec(rate_hz=8_000, clip_ms=320, hop_ms=16, window_hops=2, mels=16)  # 20 hops of 128


@pytest.fixture(scope="module")
def log_mel():
    return LogMel.of(SPEC)


def sine(hz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(SPEC.samples) / SPEC.rate_hz).astype(np.float32)[None]


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, SPEC.samples)).astype(np.float32)


def test_the_mel_scale_has_0_at_0_hz_and_1000_at_1000_hz():
    np.testing.assert_allclose(hz_to_mel([0, 1_000, 8_000]), [0, 999.99, 2_840.02], atol=5e-3)


def test_a_second_of_sound_is_a_picture_of_frames_and_bands(log_mel):
    assert log_mel(noise(0)).shape == (2, 20, 16, 1)


@pytest.mark.parametrize(("hz", "band"), [(100, 0), (1_000, 7), (3_000, 14)])
def test_a_sine_peaks_in_its_band(log_mel, hz, band):
    """17 steps of 124.4 mel lie between 31.7 mel (20 Hz) and 2146.1 mel (4 kHz). The centre of
    band 7 is 31.7 + 8 * 124.4 = 1026.8 mel, the nearest to 1000 Hz; 100 Hz is 150.5 mel, 3 kHz
    1876.4 mel."""
    bands = log_mel(sine(hz))[0, :-1, :, 0]  # the last frame is half silence
    assert set(np.argmax(bands, axis=1).tolist()) == {band}


def test_loudness_does_not_matter(log_mel):
    loud = 100 * noise(0)  # far above the floor
    np.testing.assert_allclose(log_mel(loud), log_mel(10 * loud), atol=1e-5)


def test_silence_is_zero_everywhere(log_mel):
    assert np.abs(log_mel(np.zeros((1, SPEC.samples)))).max() < 1e-5


def test_a_layer_is_its_equation_in_numpy(log_mel):
    samples = noise(1)[0].astype(np.float64)
    padded = np.append(samples, np.zeros(128))
    frames = np.stack([padded[i : i + 256] for i in range(0, SPEC.samples, 128)])
    power = np.abs(np.fft.rfft(frames * hann(256))) ** 2  # (20, 129)
    bands = np.log(power @ mel_filters(8_000, 256, 16) + FLOOR)
    wanted = 0.25 * (bands - bands.mean())
    np.testing.assert_allclose(log_mel(noise(1))[0, :, :, 0], wanted, atol=2e-5)


def test_a_full_sine_has_power_one_quarter():
    """Half of it at the negative frequency: an amplitude of 1/2 at the positive one."""
    spectrum = np.fft.rfft(hann(256) * np.sin(2 * np.pi * 32 * np.arange(256) / 256))
    assert np.abs(spectrum[32]) ** 2 == pytest.approx(0.25, abs=1e-6)


@pytest.mark.parametrize(("rate_hz", "points", "mels"), [(16_000, 512, 64), (8_000, 256, 128)])
def test_no_band_is_empty_and_no_weight_exceeds_one(rate_hz, points, mels):
    filters = mel_filters(rate_hz, points, mels)
    assert filters.shape == (points // 2 + 1, mels)
    assert (filters.sum(axis=0) > 0).all()
    assert 0 <= filters.min() <= filters.max() <= 1


def test_neighbouring_triangles_add_up_to_one():
    """A bin between the first and the last centre, 156.1 and 2021.8 mel: 104 and 3509 Hz."""
    bins_hz = np.arange(129) * 8_000 / 256
    between = (bins_hz > 105) & (bins_hz < 3_500)
    np.testing.assert_allclose(mel_filters(8_000, 256, 16)[between].sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("window_hops", [1, 3])
def test_any_whole_number_of_hops_makes_a_window(window_hops):
    layer = LogMel(8_000, 128, window_hops, 8)  # 3 hops are 384 samples
    assert np.isfinite(layer(noise(0))).all()


def test_it_loads_from_a_saved_model(tmp_path, log_mel):
    start = keras.Input(SPEC.shape)
    keras.Model(start, log_mel(start)).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded(noise(0)), log_mel(noise(0)))
