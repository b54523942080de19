import json
import wave
from itertools import islice

import numpy as np
import pytest

from mmkeras_edge.specs import AudioSpec, ImageSpec, SensorSpec, TableSpec, TextSpec, VideoSpec
from mmkeras_edge.streaming import (
    camera,
    devices,
    film,
    lines,
    microphone,
    named_source,
    readings,
    sound,
)


@pytest.fixture
def wav(tmp_path):
    path = tmp_path / "ramp.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(np.arange(2_000, dtype="<i2").tobytes())
    return path


@pytest.fixture
def pictures(tmp_path):
    from PIL import Image

    for level in (10, 20, 30):
        Image.new("L", (4, 4), level).save(tmp_path / f"{level}.png")
    return tmp_path


def test_a_sound_file_comes_in_tenths_of_a_second(wav):
    source = sound(wav, fast=True)
    blocks = list(source.open())
    assert [len(block) for block in blocks] == [800, 800, 400]
    np.testing.assert_array_equal(np.concatenate(blocks) * 32_768, np.arange(2_000))
    assert source.rate_hz == 8_000


def test_in_a_loop_a_file_never_ends(wav):
    assert len(list(islice(sound(wav, fast=True, loop=True).open(), 10))) == 10


def test_a_sensor_file_comes_in_its_own_rate_and_the_order_of_the_model(tmp_path):
    path = tmp_path / "imu.csv"
    path.write_text("time,b,a\n" + "".join(f"{i / 20},{i},{-i}\n" for i in range(6)))
    source = readings(path, SensorSpec(2, names=("a", "b")), fast=True)
    assert source.rate_hz == 20
    np.testing.assert_array_equal(np.concatenate(list(source.open())), [[-i, i] for i in range(6)])


def test_a_sensor_file_of_other_channels_is_refused(tmp_path):
    path = tmp_path / "imu.csv"
    path.write_text("1,2,3\n4,5,6\n")
    with pytest.raises(ValueError, match="has 3 channels, the model wants 2"):
        readings(path, SensorSpec(2))


def test_lines_of_a_file_and_a_folder_of_pictures_come_in_order(tmp_path, pictures):
    (tmp_path / "texts.txt").write_text("a cat\n\na dog\n")
    assert list(lines(tmp_path / "texts.txt", period_s=None).open()) == ["a cat", "", "a dog"]
    names = [str(path).rsplit("/", 1)[1] for path in film(pictures, fast=True).open()]
    assert names == ["10.png", "20.png", "30.png"]


def test_a_film_comes_frame_by_frame(tmp_path):
    av = pytest.importorskip("av")
    path = str(tmp_path / "film.mp4")
    with av.open(path, "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for level in (0, 120, 240):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), level, np.uint8), "rgb24")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    levels = [frame.mean() for frame in film(path, fast=True).open()]
    assert levels == pytest.approx([0, 120, 240], abs=8)


def test_what_is_not_there_is_said_at_once(tmp_path):
    for source in (sound, film, lines):
        with pytest.raises(FileNotFoundError, match=r"no [a-z, ]+ '.*nothing'"):
            source(tmp_path / "nothing")


def test_what_is_no_text_is_said(tmp_path, pictures):
    with pytest.raises(ValueError, match=r"10\.png' is no text in UTF-8: .*invalid start byte"):
        next(lines(pictures / "10.png").open())


def test_without_a_way_to_a_camera_the_error_lists_them(monkeypatch):
    monkeypatch.setattr(devices, "_installed", lambda module: False)
    with pytest.raises(ImportError, match="pip install opencv-python-headless"):
        camera()
    with pytest.raises(ValueError, match="did you mean 'opencv'"):
        camera(backend="openvc")


def test_a_camera_that_is_not_there_fails_when_it_is_opened():
    pytest.importorskip("av")
    source = camera("/dev/video77", backend="v4l2")
    with pytest.raises(OSError, match="there is no /dev/video77"):
        next(source.open())


def test_without_sounddevice_a_microphone_says_what_it_wants(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as if it was not installed
    with pytest.raises(ImportError, match="pip install sounddevice"):
        microphone()


def test_a_source_is_what_a_person_types(wav, pictures, tmp_path):
    picture = str(pictures / "10.png")
    assert list(named_source(picture, ImageSpec()).open()) == [picture]
    assert len(list(named_source(str(pictures), VideoSpec(), fast=True).open())) == 3
    assert named_source(str(wav), AudioSpec(), fast=True).rate_hz == 8_000
    assert list(named_source("text:A small cat.", TextSpec()).open()) == ["A small cat."]
    fields = {"age": 3}
    spec = TableSpec(numbers=("age",))
    assert list(named_source(f"json:{json.dumps(fields)}", spec).open()) == [fields]
    (tmp_path / "records").write_text('{"age": 1}\n\n{"age": 2}\n')
    records = named_source(str(tmp_path / "records"), spec, fast=True).open()
    assert list(records) == [{"age": 1}, None, {"age": 2}]
