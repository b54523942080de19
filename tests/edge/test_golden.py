import numpy as np
import pytest

from mmkeras_edge.file import open_file
from mmkeras_edge.golden import Golden, read_golden, write_golden
from mmkeras_edge.outputs import ClassifySpec
from mmkeras_edge.specs import ImageSpec, TableSpec


def test_samples_come_back_as_they_went(golden, repack):
    (first, second) = read_golden(open_file(repack(golden=golden)))
    assert (first.raw, second.raw) == (golden[0].raw, golden[1].raw)
    assert (first.raw["text"], second.raw["text"]) == ("abc", "größer")
    assert "audio" not in second.raw
    np.testing.assert_array_equal(first.arrays["image"], golden[0].arrays["image"])
    np.testing.assert_array_equal(second.outputs["label"], golden[1].outputs["label"])


def test_a_sound_kept_as_float16_comes_back_as_float32(golden, repack):
    sample = Golden(
        {"audio": b"x"},
        {"audio": np.full(160, 0.3, np.float16), "audio_present": np.array(1.0)},
        golden[0].outputs,
        {"audio": np.ones((1, 35))},
    )
    (read,) = read_golden(open_file(repack(golden=[sample])))
    assert read.traces["audio"].shape == (1, 35)
    assert list(read.arrays) == ["audio"]
    assert read.arrays["audio"].dtype == np.float32
    assert abs(read.arrays["audio"][0] - 0.3) < 0.3 * 2**-11


def test_views_and_records_come_back_as_they_went(golden, repack):
    sample = Golden(
        {"product": (b"front", b"side"), "patient": '{"age": 3}'},
        {
            "product": np.zeros((2, 4, 4, 3), np.uint8),
            "patient": np.array([np.nan, 1e9], np.float32),
        },
        golden[0].outputs,
        {"product": np.zeros((2, 194))},
    )
    inputs = {"product": ImageSpec(4, 4, views=2), "patient": TableSpec(("age", "debt"))}
    (read,) = read_golden(open_file(repack(golden=[sample], inputs=inputs)))
    assert read.raw == sample.raw
    np.testing.assert_array_equal(read.arrays["patient"], [np.nan, 1e9])


def test_an_output_without_a_golden_answer_is_named(repack):
    file = open_file(repack(outputs={"mood": ClassifySpec(("good", "bad"))}))
    with pytest.raises(ValueError, match="golden samples do not fit the card: '0/outputs/mood'"):
        read_golden(file)


def test_no_sample_at_all_is_refused(repack):
    with pytest.raises(ValueError, match="carries no golden samples"):
        read_golden(open_file(repack(golden=[])))


def test_keys_that_are_none_are_refused(repack, golden):
    odd = write_golden(golden).replace(b"0/image/raw.npy", b"x/image/raw.npy")
    with pytest.raises(ValueError, match="do not fit the card: invalid literal"):
        read_golden(open_file(repack(golden=odd)))
