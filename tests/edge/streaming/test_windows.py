import numpy as np
import pytest

from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import AudioSpec, ImageSpec, SensorSpec, VideoSpec
from mmkeras_edge.streaming.windows import Film, Latest, Rolling, numbers, window_of


def test_of_pictures_the_latest_wins_and_the_others_are_counted():
    window = Latest()
    for number in range(5):
        window.add(number, 0.0)
    assert (window.take(), window.dropped, window.fresh) == (4, 4, False)


def test_sound_is_a_sliding_window_of_the_latest_seconds():
    window = Rolling(rate_hz=10, window_s=1.0)
    for start in range(0, 25, 5):
        window.add(np.arange(start, start + 5), 0.0)
    samples, rate_hz = window.take()
    assert (list(samples), rate_hz) == (list(range(15, 25)), 10)


def test_a_window_is_looked_at_again_after_a_quarter_of_it():
    window = Rolling(rate_hz=100, window_s=0.4)
    seen = []
    for _ in range(12):
        window.add(np.zeros(4), 0.0)
        seen.append(window.fresh)
        if window.fresh:
            window.take()
    assert seen == [False, False, True] * 4


def test_before_it_is_full_a_window_holds_what_there_is():
    window = Rolling(rate_hz=10, window_s=1.0)
    window.add(np.ones((3, 2)), 0.0)
    assert window.take()[0].shape == (3, 2)


def test_after_the_last_value_the_rest_is_looked_at_too():
    window = Rolling(rate_hz=10, window_s=4.0)
    window.add(np.ones(3), 0.0)
    assert not window.fresh
    window.last = True
    assert window.fresh


def test_a_sensor_may_come_reading_by_reading():
    spec = SensorSpec(2, rate_hz=10, window_ms=400)
    window = window_of(spec, None)
    for i in range(6):
        window.add([i, -i], 0.0)
    np.testing.assert_array_equal(load_sensor(window.take(), spec), [[i, -i] for i in (2, 3, 4, 5)])
    one = window_of(SensorSpec(1, rate_hz=10, window_ms=400), None)
    one.add(3.0, 0.0)
    assert one.take()[0].tolist() == [3.0]


def test_a_source_may_not_change_its_channels():
    window = Rolling(rate_hz=10, window_s=1.0)
    window.add(np.ones((3, 2)), 0.0)
    with pytest.raises(ValueError, match=r"gave \(2,\) channels now gives \(1,\)"):
        window.add(np.ones((3, 1)), 0.0)


def test_a_source_may_not_change_its_type():
    window = Rolling(rate_hz=10, window_s=1.0)
    window.add(np.full(4, 9_000, np.int16), 0.0)
    with pytest.raises(ValueError, match="gave int16 now gives float32; give one type"):
        window.add(np.full(4, 0.5, np.float32), 0.1)


def test_a_source_that_comes_back_may_give_another_type():
    window = Rolling(rate_hz=10, window_s=1.0)
    window.add(np.ones((3, 2)), 0.0)
    window.clear()
    window.add(np.full((3, 1), 2.0, np.float32), 1.0)
    assert window.take()[0].tolist() == [[2.0]] * 3


def test_a_reading_that_came_whole_does_not_round_those_after_it():
    spec = SensorSpec(2, rate_hz=10, window_ms=200)
    window = window_of(spec, None)
    for reading in ([3, 4], [3.5, 4.5]):
        window.add(numbers(reading, "sensor"), 0.0)
    assert window.take()[0].tolist() == [[3.0, 4.0], [3.5, 4.5]]


def test_a_film_holds_its_latest_seconds_in_the_size_of_the_model():
    window = Film(VideoSpec(4, 8, 8), window_s=2.0)
    for second in range(5):
        window.add(np.full((16, 12, 3), second, np.uint8), float(second))
    assert window.take()[:, 0, 0, 0].tolist() == [2, 3, 4]
    assert window.take().shape == (3, 8, 8, 3)


def test_a_window_is_as_long_as_the_model_looks():
    assert isinstance(window_of(ImageSpec(), None), Latest)
    sound = window_of(AudioSpec(rate_hz=8_000, clip_ms=500), 16_000)
    sound.add(np.zeros(20_000, np.float32), 0.0)
    assert len(sound.take()[0]) == 8_000
    readings = window_of(SensorSpec(2, rate_hz=50, window_ms=2_000), None)
    readings.add(np.zeros((500, 2)), 0.0)
    assert readings.take()[0].shape == (100, 2)
