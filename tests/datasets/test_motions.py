from collections import Counter

import numpy as np
import pytest

from mmkeras import Sensor, load_manifest
from mmkeras.datasets import motions
from mmkeras.quality import check
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import SensorSpec

ROOT = motions.find_basic_motions()
needs_package = pytest.mark.skipif(ROOT is None, reason="aeon is not installed; `make install`")
SPEC = SensorSpec(6, rate_hz=10, window_ms=10_000, names=motions.CHANNELS)
HEADER = "#a comment\n@problemName tiny\n@timeStamps false\n@classLabel true Sit Run\n@data\n"


def case(first, label):
    return ":".join(f"{first + c},{first + c},0.5" for c in range(6)) + f":{label}\n"


@pytest.fixture
def root(tmp_path):
    """Ten recordings of three readings for training, two for testing."""
    (tmp_path / "BasicMotions").mkdir()
    train = "".join(case(i, "Sit" if i % 2 else "Run") for i in range(10))
    (tmp_path / motions.FILES["train"]).write_text(HEADER + train)
    (tmp_path / motions.FILES["test"]).write_text(HEADER + case(20, "Sit") + case(30, "Run"))
    return tmp_path


def test_a_recording_becomes_a_csv_with_times(root, tmp_path):
    path = motions.build(tmp_path / "out", root)
    data = load_manifest(path, **motions.COLUMNS)
    assert Counter(zip(data.table["split"], data.cells("activity"), strict=True)) == {
        ("train", "sit"): 4,
        ("train", "run"): 4,
        ("valid", "sit"): 1,
        ("valid", "run"): 1,
        ("test", "sit"): 1,
        ("test", "run"): 1,
    }
    lines = (tmp_path / "out/watch/test-00.csv").read_text().splitlines()
    assert lines[0] == "t,ax,ay,az,gx,gy,gz"
    assert lines[3].startswith("0.2,0.500000,")
    window = load_sensor(tmp_path / "out/watch/test-00.csv", SPEC)
    np.testing.assert_array_equal(window[0], [20, 21, 22, 23, 24, 25])


def test_a_gap_is_an_empty_cell(root, tmp_path):
    file = root / motions.FILES["test"]
    file.write_text(file.read_text().replace("20,20,0.5", "20,?,0.5"))
    motions.build(tmp_path / "out", root)
    lines = (tmp_path / "out/watch/test-00.csv").read_text().splitlines()
    assert lines[2] == "0.1,,21.000000,22.000000,23.000000,24.000000,25.000000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "1,2:3:Sit\n", r"tiny\.ts:6: wanted channels of equal length and a label"),
        (HEADER + "1,2:\n", r"tiny\.ts:6: wanted channels of equal length and a label"),
        (HEADER + "1,two:Sit\n", r"tiny\.ts:6: could not convert string to float: 'two'"),
        ("@timeStamps true\n", r"tiny\.ts:1: readings with time stamps"),
        (HEADER, "no cases after a line @data"),
    ],
)
def test_a_damaged_file_is_named_with_its_line(tmp_path, text, message):
    (tmp_path / "tiny.ts").write_text(text)
    with pytest.raises(ValueError, match=message):
        motions.read_ts(tmp_path / "tiny.ts")


def test_other_channels_are_refused(root, tmp_path):
    (root / motions.FILES["train"]).write_text(HEADER + "1,2:3,4:Sit\n")
    with pytest.raises(ValueError, match="recording 0 has 2 channels, wanted 6"):
        motions.build(tmp_path / "out", root)


def test_without_the_package_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MMKERAS_BASIC_MOTIONS", str(tmp_path))
    assert motions.find_basic_motions() is None
    with pytest.raises(FileNotFoundError, match=r"pip install --no-deps aeon==1\.6\.0"):
        motions.build(tmp_path / "out")


@needs_package
def test_the_package_holds_eighty_recordings_of_ten_seconds(tmp_path):
    data = load_manifest(motions.build(tmp_path, ROOT), **motions.COLUMNS)
    found = check(data)
    assert (found.usable, found.named("error")) == (80, ())
    assert [len(part) for part in data.split()] == [32, 8, 40]
    assert Counter(data.cells("activity")) == dict.fromkeys(
        ("badminton", "running", "standing", "walking"), 20
    )
    sensor = Sensor.of(data, "watch", window_ms=10_000)
    assert (sensor.names, sensor.rate_hz, sensor.spec.steps) == (motions.CHANNELS, 10, 100)


@needs_package
def test_how_much_it_moves_tells_standing_from_running():
    cases = motions.read_ts(ROOT / motions.FILES["test"])
    moved = {label: [] for label in ("Standing", "Running")}
    for case in cases:
        if case.label in moved:
            moved[case.label].append(case.channels[:3].std())
    assert max(moved["Standing"]) < min(moved["Running"])
