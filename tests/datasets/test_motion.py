import numpy as np
import pytest
from PIL import Image

from mmkeras import Sensor, Table, load_manifest
from mmkeras.datasets import motion
from mmkeras.quality import check
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import SensorSpec

SPEC = SensorSpec(6, rate_hz=50, window_ms=2_000, names=motion.CHANNELS)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return motion.build(tmp_path_factory.mktemp("motion"), rows=40)


def test_the_same_arguments_give_the_same_bytes(path, tmp_path):
    again = motion.build(tmp_path, rows=40)
    for file in sorted(path.parent.rglob("*.*")):
        assert (tmp_path / file.relative_to(path.parent)).read_bytes() == file.read_bytes()
    assert again.read_text() != motion.build(tmp_path / "other", rows=40, seed=1).read_text()


def test_every_file_can_be_read_and_every_gesture_is_there_eight_times(path):
    found = check(load_manifest(path, **motion.COLUMNS))
    assert (found.usable, found.named("error")) == (40, ())
    data = load_manifest(path, **motion.COLUMNS)
    assert sorted(data.cells("gesture")) == sorted(motion.GESTURES * 8)


def test_gravity_and_turning_are_in_their_own_units(path):
    windows = [load_sensor(path.parent / f"imu/{row:05d}.csv", SPEC) for row in range(40)]
    mean, deviation = np.mean(windows, axis=(0, 1)), np.std(windows, axis=(0, 1))
    assert abs(mean[2] - 1) < 0.1  # g
    assert deviation[5] > 50 * deviation[1]  # degrees a second against g


def test_the_table_says_who_and_leaves_gaps(path):
    data = load_manifest(path, **motion.COLUMNS)
    table = Table.of(data, "wearer")
    assert table.numbers == ("age", "height_cm")
    assert table.categories == {"hand": ("left", "right")}
    values = [value for record in data.column("wearer") for value in record.values()]
    assert 2 <= values.count(None) <= 20  # of 120; ten expected


def test_the_first_recording_says_what_the_channels_are(path):
    sensor = Sensor.of(load_manifest(path, **motion.COLUMNS), "imu", branch="tcn")
    assert (sensor.channels, sensor.names, sensor.branch) == (6, motion.CHANNELS, "tcn")
    assert sensor.rate_hz == 50


def test_a_film_is_a_few_tiny_frames(path):
    with Image.open(path.parent / "clip/00000.gif") as film:
        assert film.size == (24, 24)
        assert 2 <= film.n_frames <= motion.FILM_FRAMES  # Pillow joins equal ones


def test_age_slows_a_wave_down_to_half():
    assert motion.Wearer(10, 140, "left").tempo == 1
    assert motion.Wearer(80, 170, "left").tempo == 0.5
    slow, fast = (
        motion.motion("wave", motion.Wearer(age, 170, "right"), 50, np.random.default_rng(0))
        for age in (80, 10)
    )
    turns = [np.diff(np.sign(m.turning_dps[:, 2])).astype(bool).sum() for m in (slow, fast)]
    assert turns[1] in (2 * turns[0] - 1, 2 * turns[0], 2 * turns[0] + 1)


def test_less_than_one_row_is_refused(tmp_path):
    with pytest.raises(ValueError, match="received rows=0"):
        motion.build(tmp_path, rows=0)
