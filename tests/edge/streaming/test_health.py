import numpy as np
import pytest

from mmkeras_edge.streaming.health import LIVE, Health, Limits

BLACK = np.full((40, 40, 3), 2, np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3)).astype(np.uint8)


def after(kind, limits, values, step_s=1.0):
    """The fault after values that came one each `step_s`, from second 0 on."""
    health = Health(kind, limits, 0.0)
    for i, value in enumerate(values):
        health.see(value, i * step_s)
    return health.fault


def test_a_black_picture_is_a_fault_after_its_time_and_none_once_it_is_bright_again():
    limits = Limits(blank_s=2.0)
    assert after("image", limits, [NOISE[0], BLACK, BLACK + 1]) == "a black picture for 2 s"
    assert after("image", limits, [NOISE[0], BLACK]) is None
    assert after("image", limits, [NOISE[0], BLACK, BLACK, NOISE[1]]) is None


def test_a_dark_room_with_one_lamp_is_not_black():
    lamp = BLACK.copy()
    lamp[8:12, 8:12] = 255
    assert after("image", Limits(blank_s=1.0), [lamp] * 5) is None


def test_the_very_same_picture_is_frozen_and_noise_is_not():
    limits = Limits(same_s=3.0)
    assert after("image", limits, [NOISE[0]] * 4) == "the same value for 3 s"
    assert after("image", limits, [NOISE[i % 3] for i in range(9)]) is None


def test_silence_is_a_dead_microphone_also_with_an_offset():
    limits, quiet = Limits(blank_s=2.0), np.full((1600, 1), 0.01, np.float32)
    assert after("audio", limits, [quiet] * 3) == "silence for 2 s"
    whisper = quiet + 1e-3 * np.sin(np.arange(1600, dtype=np.float32))[:, None]
    assert after("audio", limits, [whisper] * 3) is None
    assert after("audio", limits, [np.zeros(160, np.int16)] * 3) == "silence for 2 s"


def test_a_stuck_sensor_repeats_itself_in_every_channel():
    limits = Limits(same_s=2.0)
    assert after("sensor", limits, [[1.0, 2.0]] * 3) == "the same value for 2 s"
    assert after("sensor", limits, [[1.0, 2.0], [1.0, 2.1]] * 3) is None


def test_a_sensor_that_gives_no_numbers_is_blank():
    assert after("sensor", Limits(blank_s=1.0), [[np.nan]] * 3) == "no numbers for 1 s"


def test_nothing_at_all_is_a_stall_and_makes_no_picture_frozen():
    health = Health("image", Limits(stall_s=3.0, same_s=2.0), 0.0)
    health.see(NOISE[0], 1.0)
    assert health.check(3.9) is None
    assert health.check(4.0) == "no value for 3 s"


@pytest.mark.parametrize("kind", ["text", "table"])
def test_a_text_and_a_record_hold_until_the_next(kind):
    assert after(kind, LIVE[kind], ["a cat"] * 100) is None
