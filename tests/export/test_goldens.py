import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras_edge.audio import load_audio
from mmkeras_edge.golden import write_golden
from mmkeras_edge.image import load_image
from mmkeras_edge.sensor import load_sensor
from mmkeras_edge.specs import AudioSpec, ImageSpec, SensorSpec, TableSpec, VideoSpec
from mmkeras_edge.table import load_table
from mmkeras_edge.video import load_video
from mmkeras_export.goldens import LIMIT_BYTES, SMALLER, _raw, golden_samples


@pytest.fixture(scope="module")
def samples(run, stamps, lite):
    return golden_samples(run, run.prepare(stamps.valid), lite)


def test_one_sample_is_whole_and_the_others_lack_one_optional_input_each(samples):
    assert [set(sample.raw) for sample in samples] == [
        {"image", "text", "audio"},
        {"image", "audio"},
        {"image", "text"},
    ]


def test_they_are_of_different_classes(samples, run, stamps):
    captions = {s.raw["text"]: s for s in samples if "text" in s.raw}
    assert len(captions) == 2


def test_they_are_small(samples):
    assert len(write_golden(samples)) < 200_000


def test_a_large_picture_is_replaced_by_what_the_model_sees_of_it():
    noise = np.random.default_rng(0).integers(0, 256, (400, 300, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    spec = ImageSpec(32, 48)
    smaller = SMALLER["image"](file.getvalue(), spec)
    assert len(smaller) < LIMIT_BYTES < len(file.getvalue())
    np.testing.assert_array_equal(load_image(smaller, spec), load_image(file.getvalue(), spec))


def test_a_long_sound_is_replaced_by_what_the_model_hears_of_it():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 480_000)
    file = io.BytesIO()
    soundfile.write(file, noise, 48_000, format="WAV")
    spec = AudioSpec(clip_ms=500)
    smaller = SMALLER["audio"](file.getvalue(), spec)
    assert len(smaller) < LIMIT_BYTES < len(file.getvalue())
    found, wanted = load_audio(smaller, spec), load_audio(file.getvalue(), spec)
    np.testing.assert_allclose(found, wanted, atol=1 / 32_768)


def test_a_long_recording_is_replaced_by_the_window_that_the_model_reads():
    lines = ["t,x"] + [f"{i / 100},{i % 7 + 1e5}" for i in range(10_000)]
    content = "\n".join(lines).encode()
    spec = SensorSpec(1, rate_hz=50, window_ms=1_000)
    smaller = SMALLER["sensor"](content, spec)
    assert len(smaller) < LIMIT_BYTES < len(content)
    np.testing.assert_array_equal(load_sensor(smaller, spec), load_sensor(content, spec))


def test_a_film_that_wants_pyav_and_a_folder_become_frames(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"{i}.png")
    spec = VideoSpec(3, 8, 8)
    np.testing.assert_array_equal(load_video(_raw(str(tmp_path), spec), spec), frames)


def test_views_are_kept_one_by_one_and_a_record_as_json(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    path = str(tmp_path / "a.png")
    both = _raw((path, path), ImageSpec(2, 2, views=2))
    assert both == ((tmp_path / "a.png").read_bytes(),) * 2
    spec = TableSpec(("age",), {"hand": ("left",)})
    assert load_table(_raw({"age": None, "hand": "left"}, spec), spec)[1] == 1
