"""Disturbances: how strong they are, that what is not there stays absent, that five levels rise."""

import numpy as np
import pytest

from mmkeras.insight.noise import NOISES
from mmkeras.insight.noise_audio import clip, noise, reverberate
from mmkeras.insight.noise_image import blur, darken, jpeg, occlude
from mmkeras.insight.noise_image import noise as grain
from mmkeras.insight.noise_readings import drift, hold, jitter, lose
from mmkeras.insight.noise_text import drop_words, mistype
from mmkeras_edge.specs import AudioSpec, ImageSpec, TableSpec

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (6, 40, 40, 3), np.uint8)
SOUNDS = RANDOM.normal(0, 0.1, (3, 16_000)).astype(np.float32)
WINDOWS = RANDOM.normal(5, 2, (8, 400, 3)).astype(np.float32)
AUDIO = AudioSpec(clip_ms=1_000)


def random():
    return np.random.default_rng(1)


@pytest.mark.parametrize("kind", ["image", "sensor", "audio"])
def test_five_levels_lead_further_away(kind):
    values = {"image": PICTURES, "sensor": WINDOWS, "audio": SOUNDS}[kind]
    for name, case in NOISES[kind].items():
        assert len(case.levels) == 5
        off = []
        for level in case.levels:
            changed = case.of(values, level, random(), AUDIO)
            assert (changed.shape, changed.dtype) == (values.shape, values.dtype), name
            off.append(float(((changed.astype(float) - values) ** 2).mean()))
        assert off[0] > 0, name
        assert off == sorted(off) or name == "reverberation", name  # its distance is no wave's


def test_a_fifth_of_the_light_is_a_fifth_of_the_grey():
    assert darken(np.full((1, 2, 2, 3), 200, np.uint8), 20, random(), None).max() == 40


def test_a_quarter_is_hidden_behind_half_of_each_side():
    hidden = occlude(np.zeros((4, 40, 40, 3), np.uint8), 25, random(), None)
    assert (hidden == 128).all(axis=-1).sum(axis=(1, 2)).tolist() == [400] * 4


def test_grain_has_the_deviation_that_it_says():
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    assert grain(grey, 16, random(), None).std() == pytest.approx(16, abs=0.3)


def test_views_and_frames_are_pictures_too():
    films = PICTURES.reshape(2, 3, 40, 40, 3)
    for change in (blur, jpeg):
        each = change(PICTURES, 5, random(), ImageSpec())
        assert (change(films, 5, random(), None).reshape(PICTURES.shape) == each).all()


def test_noise_is_so_many_decibels_below_the_sound():
    added = noise(SOUNDS, 10, random(), AUDIO) - SOUNDS
    assert (SOUNDS**2).mean() / (added**2).mean() == pytest.approx(10, rel=0.03)
    silence = np.zeros((1, 100), np.float32)
    for change in (noise, clip, reverberate):
        assert not change(silence, 10, random(), AUDIO).any()


def test_an_echo_is_as_loud_as_the_sound_and_decays():
    click = np.zeros((1, 16_000), np.float32)
    click[0, 0] = 1.0
    echo = reverberate(click, 0.5, random(), AUDIO)
    assert (echo**2).sum() == pytest.approx(1.0, rel=1e-3)
    early, late = (echo[0, 1:801] ** 2).mean(), (echo[0, 8_000:8_800] ** 2).mean()
    assert 10 * np.log10(early / late) == pytest.approx(60, abs=1)  # half a second later


def test_clipping_flattens_the_peaks_and_keeps_the_loudness():
    cut = clip(SOUNDS, 10, random(), AUDIO)
    assert (cut**2).mean() == pytest.approx((SOUNDS**2).mean(), rel=1e-4)
    assert (np.abs(cut) > 0.999 * np.abs(cut).max(axis=1, keepdims=True)).mean() > 0.5


def test_one_letter_in_ten_is_wrong_and_words_get_lost():
    text = "the quick brown fox jumps over the lazy dog " * 50
    (wrong,) = mistype([text], 10, random(), None)
    assert wrong != text
    assert abs(len(wrong) - len(text)) < 60
    assert mistype(["", "123"], 90, random(), None) == ["", "123"]
    (few,) = drop_words([text], 60, random(), None)
    assert len(few.split()) == pytest.approx(0.4 * 450, rel=0.15)
    assert drop_words(["one two", ""], 100, random(), None)[1] == ""
    assert drop_words(["word"], 100, random(), None) == ["word"]


def test_readings_jitter_drift_and_stand_still():
    assert (jitter(WINDOWS, 0.5, random(), None) - WINDOWS).std() == pytest.approx(1.0, rel=0.05)
    ramp = drift(WINDOWS, 1, random(), None) - WINDOWS
    np.testing.assert_allclose(ramp[:, 0], 0, atol=1e-5)
    np.testing.assert_allclose(np.abs(ramp[:, -1]), 2.0, rtol=0.05)
    held = hold(WINDOWS, 50, random(), None)
    still = (np.diff(held, axis=1) == 0).all(axis=-1).mean()
    assert still == pytest.approx(0.5, abs=0.03)


def test_lost_fields_are_unknown_as_the_device_knows_them():
    spec = TableSpec(("age",), {"hand": ("left", "right")})
    records = np.tile(np.array([30.0, 2.0], np.float32), (500, 1))
    lost = lose(records, 40, random(), spec)
    assert np.isnan(lost[:, 0]).mean() == pytest.approx(0.4, abs=0.06)
    assert set(lost[:, 1].tolist()) == {0.0, 2.0}
