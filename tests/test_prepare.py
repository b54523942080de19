import shutil
from dataclasses import replace

import numpy as np
import pytest

from mmkeras import Audio, Classify, Image, Text, load_manifest
from mmkeras.prepare import prepare
from mmkeras.prepared import check_tokenizer
from mmkeras.tokenizer import train_tokenizer
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.text import read_tokenizer

TOKENIZER = train_tokenizer(["a black cat", "a white dog"], 280)


def read(path):
    return load_manifest(path, "picture", "words", "sound", {"animal": "classify"})


def prepared(path, recipe):
    return prepare(read(path), recipe, TOKENIZER)


def test_a_black_and_a_white_picture_are_0_and_255(toy, recipe):
    images = prepared(toy, recipe).feed([0, 1])["image"]
    assert (images.dtype, images.shape) == (np.uint8, (2, 16, 16, 3))
    assert images.min(axis=(1, 2, 3)).tolist() == images.max(axis=(1, 2, 3)).tolist() == [0, 255]


def test_every_array_is_what_a_device_would_feed(toy, recipe):
    data = prepared(toy, recipe)
    tokenizer = read_tokenizer(TOKENIZER)
    for row in (0, 1, 15):  # the last has no sound
        on_device = load_sample(
            data.manifest.sources(row), recipe.specs, recipe.optional, tokenizer
        )
        fed = data.feed([row])
        assert fed.keys() == on_device.keys()
        for name, array in on_device.items():
            assert fed[name].dtype == array.dtype
            np.testing.assert_array_equal(fed[name][0], array)


def test_an_absent_sound_is_zeros_with_presence_0(toy, recipe):
    feed = prepared(toy, recipe).feed([9, 10])
    assert feed["audio_present"].tolist() == [1, 0]
    assert feed["audio"].any(axis=1).tolist() == [True, False]
    assert "image_present" not in feed


def test_answers_are_positions_in_the_recipes_labels(toy, recipe):
    other = replace(recipe, outputs={"animal": Classify(("dog", "cat"))})
    assert prepared(toy, recipe).answers([0, 1, 2])["animal"].tolist() == [0, 1, 0]
    assert prepared(toy, other).answers([0, 1, 2])["animal"].tolist() == [1, 0, 1]


def test_a_file_named_in_several_rows_is_decoded_once(toy, recipe):
    toy.write_text(toy.read_text().replace("2.png", "0.png"))  # and 12.png to 10.png
    column = prepared(toy, recipe).inputs["image"]
    assert len(column.values) == 18
    assert column.index[[2, 12]].tolist() == column.index[[0, 10]].tolist()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda at: (at / "2.png").write_text("no"), "4: picture: image: .* is no picture; wanted"),
        (
            lambda at: (at / "2.png").write_bytes((at / "2.png").read_bytes()[:45]),
            "4: picture: image: .* is damaged",
        ),
        (lambda at: (at / "2.wav").write_text("no"), "4: sound: audio: .* is no sound; wanted WAV"),
        (lambda at: shutil.copy(at / "2.png", at / "2.wav"), "4: sound: audio: .* is no sound"),
    ],
    ids=["text for a picture", "half a picture", "text for a sound", "picture for a sound"],
)
def test_an_unreadable_file_is_reported_and_its_row_left_out(toy, recipe, spoil, message):
    spoil(toy.parent)
    with pytest.warns(UserWarning, match=f"1 row left out:\n.*toy.csv:{message}"):
        data = prepared(toy, recipe)
    assert [problem.line for problem in data.manifest.problems] == [4]
    assert data.manifest.lines == [2, 3, *range(5, 22)]


def test_with_strict_an_unreadable_file_is_an_error(toy, recipe):
    (toy.parent / "2.png").write_text("no")
    with pytest.raises(ValueError, match=r"toy\.csv:4: picture: image: .* is no picture"):
        prepare(replace(read(toy), strict=True), recipe, TOKENIZER)


def test_what_is_left_stays_together(toy, recipe):
    (toy.parent / "0.png").write_text("no")
    with pytest.warns(UserWarning, match=r"toy\.csv:2: picture"):
        data = prepared(toy, recipe)
    white = data.feed()["image"][:, 0, 0, 0] == 255
    np.testing.assert_array_equal(data.answers()["animal"], white)
    assert white.tolist() == [True, False] * 9 + [True]


def test_an_empty_cell_of_an_input_that_is_not_optional_is_reported(toy, recipe):
    strict = replace(recipe, optional=())
    with pytest.warns(UserWarning, match=r":12: sound: is empty; .* optional=\('audio',\)"):
        assert len(prepared(toy, strict)) == 10


def test_a_class_that_the_model_does_not_know_is_reported(toy, recipe):
    toy.write_text(toy.read_text().replace("dog,3", "horse,3"))
    with pytest.warns(UserWarning, match=r"toy\.csv:5: animal: the model knows no class 'horse'"):
        data = prepared(toy, recipe)
    assert data.manifest.lines == [2, 3, 4, *range(6, 22)]
    assert set(data.answers()["animal"]) == {0, 1}


def test_a_text_beyond_the_limit_is_reported(toy, recipe):
    toy.write_text(toy.read_text().replace("A black cat.", "x" * 10_001, 1))
    with pytest.warns(UserWarning, match=r"toy\.csv:2: words: text: 10,001 characters"):
        assert len(prepared(toy, recipe)) == 19


def test_nothing_usable_is_an_error(toy, recipe):
    narrow = replace(recipe, outputs={"animal": Classify(("horse", "ass"))})
    with (
        pytest.warns(UserWarning, match="20 rows left out"),
        pytest.raises(ValueError, match=r"no usable row is left; .*:2: animal: the model knows no"),
    ):
        prepared(toy, narrow)


def test_an_input_without_a_column_is_named(toy, recipe):
    data = load_manifest(toy, "picture", "words", targets={"animal": "classify"})
    with pytest.raises(ValueError, match=r"toy\.csv has no column for 'audio'; choose from image"):
        prepare(data, recipe, TOKENIZER)
    silent = load_manifest(toy, "picture", "words", "sound")
    with pytest.raises(ValueError, match=r"toy\.csv has no target for 'animal'"):
        prepare(silent, recipe, TOKENIZER)


def test_without_takes_an_optional_input_away(toy, recipe):
    feed = prepared(toy, recipe).without("audio").feed()
    assert not feed["audio"].any()
    assert not feed["audio_present"].any()
    with pytest.raises(ValueError, match="unknown optional input 'image'; choose from audio"):
        prepared(toy, recipe).without("image")


def test_a_narrower_recipe_takes_some_of_the_inputs(toy, recipe):
    feed = prepared(toy, recipe).narrowed(recipe.only("text", "audio")).feed([0])
    assert list(feed) == ["text", "audio", "audio_present"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"image": Image("cnn", (32, 16))},
            "'image' was prepared with height_px=16, and the model wants height_px=32; prepare",
        ),
        (
            {"text": Text(length=4, vocabulary=400)},
            "with vocabulary=300, and the model wants .*400",
        ),
        ({"audio": Audio(clip_ms=96, rate_hz=16_000, mels=8)}, "rate_hz=8000, .* rate_hz=16000"),
    ],
    ids=["image", "text", "audio"],
)
def test_arrays_for_another_model_are_refused(toy, recipe, change, message):
    other = replace(recipe, inputs={**recipe.inputs, **change})
    with pytest.raises(ValueError, match=message):
        prepared(toy, recipe).narrowed(other)


def test_class_ids_for_another_model_are_refused(toy, recipe):
    swapped = replace(recipe, outputs={"animal": Classify(("dog", "cat"))})
    with pytest.raises(ValueError, match=r"'animal' was prepared with labels=\('cat', 'dog'\)"):
        prepared(toy, recipe).narrowed(swapped)


def test_token_ids_of_another_tokenizer_are_refused(toy, recipe):
    data = prepared(toy, recipe)
    check_tokenizer(data, TOKENIZER)
    with pytest.raises(ValueError, match=r"toy\.csv: .* prepared with another tokenizer"):
        check_tokenizer(data, train_tokenizer(["another"], 270))
