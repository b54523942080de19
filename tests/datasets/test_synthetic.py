import csv
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from mmkeras.datasets import DATASETS, stamps, synthetic
from mmkeras_edge import AudioSpec, ImageSpec
from mmkeras_edge.audio import load_audio
from mmkeras_edge.image import load_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return synthetic.build(tmp_path_factory.mktemp("synthetic")).parent


@pytest.fixture(scope="module")
def rows(folder):
    with open(folder / "synthetic.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def content_of(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_columns_are_those_of_the_stamps(rows):
    assert tuple(rows[0]) == stamps.COLUMNS
    assert len(rows) == 240


def test_languages_are_equally_frequent_and_categories_nearly(rows):
    assert set(Counter(row["language"] for row in rows).values()) == {40}
    objects = {(row["group"], row["category"]) for row in rows}
    found = Counter(category for _, category in objects)
    assert found.keys() == synthetic.SHAPES.keys()
    assert set(found.values()) == {10, 11}  # 96 groups, 9 categories


def test_a_group_is_one_thing_seen_two_or_three_times(rows):
    assert [int(row["group"]) for row in rows[:12]] == [0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4]
    assert len({row["group"] for row in rows}) == len({(r["group"], r["category"]) for r in rows})


def test_two_captions_in_three_name_the_shape(rows):
    named = [row for row in rows if row["category"] in re.findall(r"\w+", row["caption"])]
    assert len(named) == 160
    vague = [row["caption"] for row in rows if row not in named]
    assert not any(shape in caption for shape in synthetic.SHAPES for caption in vague)


def test_a_blot_has_no_trace_of_the_shape():
    def seen(shape, blotted):
        return synthetic.picture(shape, "red", blotted, np.random.default_rng(0))

    np.testing.assert_array_equal(seen("star", True), seen("cross", True))
    assert (seen("star", False) != seen("cross", False)).any(axis=-1).sum() > 100


def test_a_drawn_square_has_its_colour_inside_and_the_ground_outside():
    pixels = synthetic.picture("square", "blue", False, np.random.default_rng(0))
    assert pixels.shape == (64, 64, 4)
    inside, outside = pixels[pixels[..., 3] == 255], pixels[pixels[..., 3] == 0]
    assert len(inside) + len(outside) == 64 * 64
    np.testing.assert_allclose(inside[:, :3].mean(axis=0), (45, 80, 200), atol=25)
    assert np.ptp(outside[:, :3].mean(axis=0)) < 3  # grey


def test_one_row_in_thirty_has_no_speech_and_the_others_last_600_ms(folder, rows):
    spoken = [row["speech"] for row in rows if row["speech"]]
    assert len(rows) - len(spoken) == 8
    spec = AudioSpec(clip_ms=700)
    for name in spoken[:5]:
        samples = load_audio(folder / name, spec)  # (11200,)
        assert np.flatnonzero(samples)[-1] == pytest.approx(9_600, abs=20)
        assert 0.05 < np.abs(samples).max() < 0.9


@pytest.mark.parametrize("tone", synthetic.TONES)
def test_an_instrument_is_heard_by_pitch_and_harmonics(tone):
    pitch_hz, weights = synthetic.TONES[tone]
    note = synthetic.tune(tone, np.random.default_rng(1))[:3_200]
    strength = np.abs(np.fft.rfft(note * np.hanning(3_200)))  # a bin is 5 Hz
    heard_hz = 5 * int(strength.argmax())
    assert 0.97 * pitch_hz < heard_hz < 1.3 * pitch_hz  # up to 4 semitones, 1.26, above
    octave = 2 * heard_hz // 5
    ratio = strength[octave - 2 : octave + 3].max() / strength.max()
    assert ratio == pytest.approx(weights[1] if len(weights) > 1 else 0, abs=0.15)


def test_pictures_are_png_jpeg_and_transparent_and_all_load(folder, rows):
    modes = Counter()
    for row in rows:
        with Image.open(folder / row["image"]) as picture:
            modes[picture.format, picture.mode] += 1
        assert load_image(folder / row["image"], ImageSpec(64, 64)).std() > 5
    assert modes == {("PNG", "RGB"): 180, ("JPEG", "RGB"): 30, ("PNG", "RGBA"): 30}


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        synthetic.build(tmp_path / name, rows=30, seed=seed)
    first = content_of(tmp_path / "a")
    assert len(first) == 60  # 30 pictures, 29 sounds, the manifest
    assert first == content_of(tmp_path / "b")
    assert first != content_of(tmp_path / "c")


def test_one_row_is_enough_and_none_is_refused(tmp_path):
    assert len(synthetic.build(tmp_path, rows=1).read_text().splitlines()) == 2
    with pytest.raises(ValueError, match="rows=0"):
        synthetic.build(tmp_path, rows=0)


def test_the_table_is_found_without_loading_a_framework():
    sets = ["stamps", "synthetic", "digits", "gated_digits", "motions"]
    assert list(DATASETS) == sets
    heavy = "keras", "tensorflow", "pandas", "PIL", "soundfile"
    script = f"import sys, mmkeras.datasets; print([m for m in {heavy} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
