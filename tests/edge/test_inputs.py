import numpy as np
import pytest

from mmkeras_edge.inputs import load_input, load_sample, pick
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec

SPECS = {"front": ImageSpec(2, 2), "mic": AudioSpec(clip_ms=10, hop_ms=10)}
PIXELS = np.zeros((2, 2, 3), np.uint8)


def test_an_optional_input_brings_its_presence():
    both = load_sample({"front": PIXELS, "mic": (np.ones(160), 16_000)}, SPECS, ("mic",))
    assert (both["mic_present"], both["mic"].sum()) == (1.0, 160.0)
    without = load_sample({"front": PIXELS}, SPECS, ("mic",))
    assert (without["mic_present"], without["mic"].sum()) == (0.0, 0.0)
    assert (without["mic_present"].dtype, without["mic"].shape) == (np.float32, (160,))


def test_none_is_absent():
    assert load_sample({"front": PIXELS, "mic": None}, SPECS, ("mic",))["mic_present"] == 0.0


def test_an_input_that_is_not_optional_must_be_given():
    with pytest.raises(ValueError, match=r"input 'mic' \(audio\) is missing.*optional=\('mic',\)"):
        load_sample({"front": PIXELS}, SPECS)


def test_everything_absent_is_refused():
    with pytest.raises(ValueError, match="every input is absent; give at least one of front, mic"):
        load_sample({"mic": None}, SPECS, ("front", "mic"))


def test_an_unknown_name_gets_a_guess():
    with pytest.raises(ValueError, match=r"unknown input 'frint'; did you mean 'front'\?"):
        load_sample({"frint": PIXELS}, SPECS)


def test_an_error_names_the_input_where_the_modality_does_not():
    with pytest.raises(ValueError, match="input 'front': image: 0 bytes is no picture"):
        load_sample({"front": b""}, SPECS, ("mic",))
    with pytest.raises(FileNotFoundError, match="input 'mic'"):
        load_sample({"front": PIXELS, "mic": "x"}, SPECS, ("mic",))
    with pytest.raises(ValueError, match=r"^image: 0 bytes"):
        load_sample({"image": b""}, {"image": ImageSpec(2, 2)})


def test_a_text_wants_a_tokenizer():
    with pytest.raises(ValueError, match="text: no tokenizer"):
        load_input("a cat", TextSpec(4))


def test_pick_lists_the_choices():
    with pytest.raises(ValueError, match="unknown fusion 'zzz'; choose from sum, concat"):
        pick({"sum": 1, "concat": 2}, "zzz", "fusion")
