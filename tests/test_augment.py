import numpy as np
import pytest

from mmkeras.augment import (
    AUGMENT,
    GAIN_DB,
    SHIFT_SHARE,
    vary_images,
    vary_readings,
    vary_sounds,
    vary_texts,
)
from mmkeras_edge.specs import INPUT_SPECS, PAD_ID


@pytest.fixture
def random():
    return np.random.default_rng(0)


def test_every_kind_of_input_has_its_variation():
    assert AUGMENT.keys() == INPUT_SPECS.keys()


def test_two_pixels_come_back_as_they_are_or_swapped(random):
    images = np.tile(np.array([10, 200], np.uint8)[None, None, :, None], (64, 1, 1, 3))
    varied = vary_images(images, random)
    assert varied.dtype == np.uint8
    assert {tuple(row) for row in varied[:, 0, :, 0].tolist()} == {(10, 200), (200, 10)}
    np.testing.assert_array_equal(varied[..., 0], varied[..., 2])  # colours stay together


def test_a_shift_repeats_the_border_and_brings_no_new_value(random):
    ramp = np.repeat(np.arange(40, dtype=np.uint8)[None, :, None], 3, axis=2)
    images = np.tile(ramp[None], (16, 40, 1, 1))
    rows = vary_images(images, random)[:, 0, :, 0].astype(int)
    assert set(np.abs(np.diff(rows)).ravel()) <= {0, 1}
    assert len({tuple(row) for row in rows.tolist()}) > 2  # more than the two mirror images


def test_images_are_varied_in_a_copy(random):
    images = random.integers(0, 256, (4, 20, 20, 3), np.uint8)
    before = images.copy()
    vary_images(images, random)
    np.testing.assert_array_equal(images, before)


def test_a_token_stays_or_becomes_padding(random):
    ids = np.arange(1, 1_001, dtype=np.int32).reshape(10, 100)
    varied = vary_texts(ids, random)
    dropped = varied == PAD_ID
    assert varied.dtype == np.int32
    assert 0 < dropped.sum() < ids.size / 2
    np.testing.assert_array_equal(varied[~dropped], ids[~dropped])


def test_a_text_never_loses_all_its_tokens(random):
    ids = np.zeros((500, 8), np.int32)
    ids[:, 0] = 7
    np.testing.assert_array_equal(vary_texts(ids, random), ids)


def test_a_click_comes_later_louder_or_softer_and_alone(random):
    clicks = np.zeros((200, 1_000), np.float32)
    clicks[:, 0] = 1
    varied = vary_sounds(clicks, random)
    assert varied.dtype == np.float32
    assert (np.count_nonzero(varied, axis=1) == 1).all()
    delays = varied.argmax(axis=1)
    assert 0 <= delays.min() < delays.max() < 1_000 * SHIFT_SHARE
    gains_db = 20 * np.log10(varied.max(axis=1))
    assert -GAIN_DB <= gains_db.min() < 0 < gains_db.max() <= GAIN_DB


def test_silence_stays_silence(random):
    assert not vary_sounds(np.zeros((3, 10), np.float32), random).any()


def test_all_frames_of_a_film_move_alike(random):
    frame = random.integers(0, 256, (8, 1, 20, 20, 3), np.uint8)
    film = np.repeat(frame, 4, axis=1)
    varied = vary_images(film, random)
    assert not np.array_equal(varied, film)
    np.testing.assert_array_equal(varied, np.repeat(varied[:, :1], 4, axis=1))


def test_readings_keep_the_mean_of_each_channel_and_stay_within_a_tenth(random):
    wave = np.sin(np.linspace(0, 2 * np.pi, 100, endpoint=False))
    windows = np.stack([1_013 + 0.1 * wave, 300 * wave], axis=1)[None].repeat(8, axis=0)
    varied = vary_readings(windows.astype(np.float32), random)
    assert varied.dtype == np.float32
    spread = varied.std(axis=1) / windows.std(axis=1)
    assert 0.88 < spread.min() < 0.97 < 1.03 < spread.max() < 1.12
    assert np.abs(varied.mean(axis=1) - [1_013, 0])[:, 0].max() < 0.01


def test_a_table_stays_as_it_is(random):
    records = np.array([[np.nan, 3.0]], np.float32)
    np.testing.assert_array_equal(AUGMENT["table"](records, random), records)


@pytest.mark.parametrize(
    ("kind", "batch"),
    [
        ("image", np.arange(2 * 20 * 20 * 3, dtype=np.uint8).reshape(2, 20, 20, 3)),
        ("text", np.arange(1, 101, dtype=np.int32).reshape(2, 50)),
        ("audio", np.linspace(-1, 1, 200, dtype=np.float32).reshape(2, 100)),
        ("sensor", np.linspace(-1, 1, 200, dtype=np.float32).reshape(2, 50, 2)),
        ("video", np.arange(2 * 3 * 20 * 20 * 3).reshape(2, 3, 20, 20, 3).astype(np.uint8)),
    ],
)
def test_the_same_generator_gives_the_same_batch(kind, batch):
    one, two, other = (AUGMENT[kind](batch, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
