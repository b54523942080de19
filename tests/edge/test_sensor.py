import io

import numpy as np
import pytest

from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import SensorSpec

SPEC = SensorSpec(channels=2, rate_hz=10, window_ms=400)  # 4 steps, 0.1 s apart
NAMED = SensorSpec(channels=2, rate_hz=10, window_ms=400, names=("x", "y"))
RAMP = np.arange(8.0).reshape(4, 2)


def one(source) -> list[float]:
    """A single channel as a list."""
    return load_sensor(source, SensorSpec(1, rate_hz=10, window_ms=400))[:, 0].tolist()


def npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_readings_at_the_common_rate_stay_as_they_are():
    window = load_sensor(RAMP, SPEC)
    assert (window.dtype, window.shape) == (np.float32, (4, 2))
    np.testing.assert_array_equal(window, RAMP)
    np.testing.assert_array_equal(load_sensor((RAMP.astype(int), 10), SPEC), RAMP)
    np.testing.assert_array_equal(load_sensor(npy(RAMP), SPEC), RAMP)


def test_the_first_window_is_kept_and_a_shorter_one_goes_on_with_its_last_reading():
    assert one(np.arange(9.0)) == [0, 1, 2, 3]
    assert one(np.array([5, 7])) == [5, 7, 7, 7]


def test_slower_readings_are_interpolated():
    assert one((np.array([0.0, 2.0]), 5)) == [0, 1, 2, 2]


def test_faster_readings_are_averaged_in_windows():
    hum = np.tile([1.0, -1.0], 8)  # 10 Hz at 20 readings a second: beyond what 10 Hz can show
    np.testing.assert_allclose(one((hum, 20))[1:], [0, 0, 0], atol=1e-7)
    np.testing.assert_allclose(one((np.arange(9.0), 20))[1:], [2, 4, 6], rtol=1e-6)


def test_a_gap_does_not_make_a_fast_recording_a_slow_one():
    times_s = np.arange(101) / 100  # against 10 Hz
    hum = np.where(np.arange(101) % 2, -1.0, 1.0)
    hum[11:100] = np.nan  # 12 readings are left of a second
    kept = ~np.isnan(hum)
    assert abs(one((times_s[kept], hum[kept]))[0]) < 1e-6
    assert abs(one((hum, 100))[0]) < 1e-6


def test_a_clock_that_is_a_little_fast_is_interpolated_not_blurred():
    spike = np.zeros(6)
    spike[0] = 1
    assert one((spike, 10.1))[0] == 1


def test_uneven_readings_bring_their_times():
    times_s = np.array([100.0, 100.1, 100.4])
    np.testing.assert_allclose(one((times_s, np.array([0.0, 1.0, 4.0]))), [0, 1, 2, 3], rtol=1e-6)


def test_a_gap_is_bridged():
    assert one(np.array([np.nan, 1, np.nan, 3])) == [1, 1, 2, 3]


def test_channels_may_have_rates_of_their_own():
    channels = {0: (np.array([0.0, 2.0]), 5), 1: (np.arange(9.0), 20)}
    window = load_sensor(channels, SPEC)
    np.testing.assert_array_equal(window[:, 0], [0, 1, 2, 2])
    np.testing.assert_allclose(window[1:, 1], [2, 4, 6], rtol=1e-6)
    named = load_sensor({"y": (np.arange(4), 10), "x": (np.zeros(4), 10)}, NAMED)
    np.testing.assert_array_equal(named[:, 1], [0, 1, 2, 3])


def test_channels_on_one_clock_begin_with_the_first_of_them():
    late = (np.array([7.1, 7.3]), np.array([1.0, 3.0]))
    window = load_sensor({0: (np.array([7.0]), np.array([9.0])), 1: late}, SPEC)
    np.testing.assert_allclose(window, [[9, 1], [9, 1], [9, 2], [9, 3]], rtol=1e-6)


def test_a_channel_without_times_begins_with_those_that_have_them():
    late = (np.array([1e9, 1e9 + 0.2]), np.array([1.0, 3.0]))
    window = load_sensor({0: late, 1: (np.arange(4), 10)}, SPEC)
    np.testing.assert_allclose(window, [[1, 0], [2, 1], [3, 2], [3, 3]], rtol=1e-6)


def test_a_slow_channel_may_stand_beside_one_that_is_fast():
    slow = (np.arange(3) * 5.0, np.ones(3))
    window = load_sensor({0: slow, 1: (np.arange(4) / 10, np.arange(4))}, SPEC)
    np.testing.assert_allclose(window[:, 1], [0, 1, 2, 3], rtol=1e-6)


@pytest.mark.parametrize(
    "content",
    [
        b"0,1\n2,3\n4,5\n6,7\n",
        b"a,b\n0,1\n2,3\n4,5\n6,7\n",
        b"\xef\xbb\xbft,a,b\n5,0,1\n5.1,2,3\n5.2,,5\n5.3,6,7\n",
        b"Time, x, y\r\n0,0,1\r\n0.3,6,7\r\n",
    ],
    ids=["no header", "header", "times and a gap", "uneven"],
)
def test_a_csv_is_readings(content, tmp_path):
    np.testing.assert_allclose(load_sensor(content, SPEC), RAMP, rtol=1e-6)
    (tmp_path / "r.csv").write_bytes(content)
    np.testing.assert_allclose(load_sensor(tmp_path / "r.csv", SPEC), RAMP, rtol=1e-6)


def test_named_channels_are_found_by_the_header():
    content = b"t,y,z,x\n0,1,9,0\n0.1,3,9,2\n0.2,5,9,4\n0.3,7,9,6\n"
    np.testing.assert_allclose(load_sensor(content, NAMED), RAMP, rtol=1e-6)
    with pytest.raises(ValueError, match=r"unknown column 'x'; choose from y, z"):
        load_sensor(content.replace(b"x", b"w"), NAMED)


def test_what_follows_the_window_is_not_read():
    assert one(b"t,x\n0,1\n0.9,1\nsixty,1\n") == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((4, 3)), r"readings of 2 channels, \(n, 2\), received \(4, 3\)"),
        (b"a,b,c\n1,2,3\n", r"received \(1, 3\) \(a, b, c\)"),
        (np.array([[1, np.nan]] * 4), "channel 1 holds no reading, only NaN"),
        (np.full((4, 2), np.inf), "a reading is infinite"),
        (np.zeros((0, 2)), "no readings"),
        (np.array([["a", "b"]]), "wanted numbers, received <U1"),
        (np.zeros((2, 50)), r"received \(2, 50\); transpose it"),
        ([[1, 2]], r"wanted a path, bytes, an array, .* received list; give np.array\(readings\)"),
        ((10, RAMP), r"received \(rate_hz, array\); swap them"),
        (([[1.0], [1.0, 2.0]], 10), "the readings are no array"),
        ((RAMP, 0), "wanted a rate in Hz, received 0"),
        ((RAMP, "fast"), "wanted a rate in Hz, received 'fast'"),
        ((np.arange(3), RAMP), r"one time a reading, received times \(3,\) and readings \(4, 2\)"),
        ((np.array([0, 2, 1, 3]), RAMP), "time runs back at reading 2, from 2 to 1 s; sort"),
        ((np.array([0, np.nan, 1, 3]), RAMP), "a time is missing or infinite"),
        ((np.arange(4) * 100, RAMP), "readings are 100 s apart, the window is 0.4 s; give times"),
        (
            {0: (np.arange(4) * 100, np.zeros(4)), 1: (np.zeros(4), 10)},
            "readings are 100 s apart, the window is 0.4 s; give times in seconds",
        ),
        ({0: (np.zeros(4), 10)}, "no readings of channel 1"),
        ({2: (np.zeros(4), 10)}, "unknown sensor channel '2'; choose from 0, 1"),
        ({0: np.zeros(4)}, r"channel 0: wanted \(values, rate_hz\) or .* received ndarray"),
        ({0: (RAMP, 10)}, r"channel 0: wanted \(n,\), received \(4, 2\)"),
        (b"1,2\n3,four\n", "11 bytes: line 2: could not convert string to float: 'four'"),
        (b"1,2\n3\n", "line 2: 1 cells, wanted 2"),
        (b"a,b\n", "no readings"),
        (b"", "no readings"),
        (b"\xff\xfe\x00", "no CSV or .npy of readings"),
        (npy(RAMP)[:90], "90 bytes"),
        (b"\x93NUMPY\x01\x00", "8 bytes"),
    ],
)
def test_what_cannot_be_readings_is_refused(source, message):
    with pytest.raises(ValueError, match=f"^sensor: .*{message}|^{message}"):
        load_sensor(source, SPEC)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"sensor: no file 'none\.csv'"):
        load_sensor("none.csv", SPEC)
