import numpy as np
import pytest

from mmkeras import Training
from mmkeras.augment import (
    AUGMENT,
    GAIN_DB,
    NAMED,
    SHIFT_SHARE,
    chosen,
    varied,
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


BATCHES = {
    "image": np.arange(4 * 20 * 20 * 3, dtype=np.uint8).reshape(4, 20, 20, 3),
    "text": np.arange(1, 201, dtype=np.int32).reshape(4, 50),
    "audio": np.linspace(-1, 1, 400, dtype=np.float32).reshape(4, 100),
    "sensor": np.linspace(-1, 1, 400, dtype=np.float32).reshape(4, 50, 2),
    "video": np.arange(4 * 3 * 20 * 20 * 3).reshape(4, 3, 20, 20, 3).astype(np.uint8),
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in NAMED for name in NAMED[kind]])
def test_every_named_variation_keeps_shape_and_type_and_depends_on_the_seed(kind, name):
    batch, vary = BATCHES[kind], NAMED[kind][name]
    before = batch.copy()
    one, two, other = (vary(batch, np.random.default_rng(seed)) for seed in (1, 1, 5))
    np.testing.assert_array_equal(batch, before)
    np.testing.assert_array_equal(one, two)
    assert (one.shape, one.dtype) == (batch.shape, batch.dtype)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", NAMED["video"])
def test_frames_of_a_film_vary_alike_but_for_noise(name, random):
    film = np.repeat(BATCHES["image"][:, None], 3, axis=1)
    frames = NAMED["video"][name](film, random)
    alike = np.array_equal(frames, np.repeat(frames[:, :1], 3, axis=1))
    assert alike is (name != "noise")


def test_names_choose_for_all_inputs_for_a_kind_or_for_one():
    kinds = {"left": "image", "right": "image", "mic": "audio", "age": "table"}
    assert {name: len(of) for name, of in chosen(True, kinds).items()} == dict.fromkeys(kinds, 1)
    assert chosen(False, kinds) == {}
    found = chosen(("noise", "left.flip", "image.crop"), kinds)
    assert {name: len(of) for name, of in found.items()} == {"left": 3, "right": 2, "mic": 1}
    with pytest.raises(ValueError, match="unknown variation 'flop'; did you mean 'flip'"):
        Training(augment=("flop",))
    with pytest.raises(ValueError, match="unknown input or kind 'lft'; did you mean 'left'"):
        chosen(("lft.flip",), kinds)


def test_a_shifted_click_moves_both_ways_by_a_tenth_at_most(random):
    clicks = np.zeros((200, 1_000), np.float32)
    clicks[:, 500] = 1
    places = NAMED["audio"]["time_shift"](clicks, random).argmax(axis=1) - 500
    assert -100 <= places.min() < -50 < 50 < places.max() <= 100


def test_noise_is_5_to_40_db_below_the_sound_and_silence_stays(random):
    tone = np.sin(np.arange(8_000) / 5).astype(np.float32)[None].repeat(50, axis=0)
    noise = NAMED["audio"]["noise"](tone, random) - tone
    snr_db = 10 * np.log10((tone**2).mean(axis=1) / (noise**2).mean(axis=1))
    assert 4.5 < snr_db.min() < 15 < 30 < snr_db.max() < 40.5
    assert not NAMED["audio"]["noise"](np.zeros((1, 10), np.float32), random).any()


def test_a_dropped_token_leaves_no_gap(random):
    ids = np.tile(np.arange(1, 11, dtype=np.int32), (100, 2))
    kept = NAMED["text"]["token_dropout"](ids, random)
    lengths = (kept != PAD_ID).sum(axis=1)
    assert 16 < lengths.mean() < 19.5
    assert all((row[:n] != PAD_ID).all() for row, n in zip(kept, lengths, strict=True))


def test_noise_leaves_what_is_absent_at_zero(random):
    feed = {"mic": BATCHES["audio"], "mic_present": np.array([1, 0, 1, 0], np.float32)}
    feed["mic"] = np.where(feed["mic_present"][:, None] > 0, feed["mic"], 0)
    found = varied(feed, chosen(("noise",), {"mic": "audio"}), random)["mic"]
    assert found.any(axis=1).tolist() == [True, False, True, False]
