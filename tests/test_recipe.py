import json
from dataclasses import replace

import pytest

from mmkeras import Audio, Classify, Image, Recipe, Text
from mmkeras.recipes import STAMPS, STAMPS_PRETRAINED
from mmkeras_edge import AudioSpec, ImageSpec, TextSpec

SMALL = Recipe(inputs={"text": Text(vocabulary=None)}, outputs={"mood": Classify(("sad", "glad"))})


@pytest.mark.parametrize("recipe", [SMALL, STAMPS, STAMPS_PRETRAINED])
def test_a_recipe_survives_json(recipe):
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_a_recipe_is_plain_data_with_kinds():
    fields = SMALL.to_dict()
    assert fields["inputs"]["text"]["kind"] == "text"
    assert fields["outputs"] == {
        "mood": {"kind": "classify", "labels": ("sad", "glad"), "weight": 1.0}
    }


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f["inputs"]["text"].update(kind="txet"), "unknown kind 'txet'; did you mean"),
        (lambda f: f["inputs"]["text"].update(lenght=3), "unknown field of Text 'lenght'; did you"),
        (lambda f: f.update(widht=3), "unknown field 'widht'; did you mean 'width'"),
    ],
    ids=["kind", "field of an input", "field"],
)
def test_an_unknown_field_is_an_error_that_guesses(spoil, message):
    fields = json.loads(json.dumps(SMALL.to_dict()))
    spoil(fields)
    with pytest.raises(ValueError, match=message):
        Recipe.from_dict(fields)


def test_an_image_has_its_backbones_size_unless_told():
    assert Image("cnn").spec == ImageSpec(64, 64)
    assert Image("vgg16").spec == ImageSpec(224, 224)
    assert Image("vgg16", (32, 48), fit="pad").spec == ImageSpec(32, 48, fit="pad")


def test_a_text_has_its_branchs_length_unless_told():
    assert (Text().spec, Text("minilm").spec) == (TextSpec(16), TextSpec(32))
    assert Text("minilm", length=8).spec == TextSpec(8)
    assert Text("minilm").tokens == 30_522  # fixed by its tokenizer
    assert Text(vocabulary=500).tokens == 500
    with pytest.raises(ValueError, match="wanted a whole length above 0, received 0"):
        _ = Text(length=0).spec


def test_half_a_second_at_8_khz_is_31_hops_of_128_samples():
    assert Audio(clip_ms=500, rate_hz=8_000, mels=20).spec == AudioSpec(8_000, 500, mels=20)
    assert Audio(clip_ms=500, rate_hz=8_000).spec.shape == (31 * 128,)


def test_a_number_of_classes_is_short_for_their_labels():
    assert Classify(3) == Classify(("0", "1", "2")) == Classify(["0", "1", "2"])


@pytest.mark.parametrize("labels", [1, ("one",), ("a", "b", "a"), "cat"])
def test_labels_are_two_or_more_and_different(labels):
    with pytest.raises(ValueError, match=r"two or more different labels\. Received: "):
        Classify(labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inputs": {}}, "at least one input and one output"),
        ({"outputs": {}}, "at least one input and one output"),
        ({"optional": ("adio",)}, "unknown optional input 'adio'; did you mean 'audio'"),
        ({"inputs": {"audio": Audio()}}, "the only input, 'audio', cannot be optional"),
        ({"outputs": {"text": Classify(2)}}, "'text' names an input and an output"),
    ],
)
def test_what_is_no_model_is_refused(recipe, change, message):
    with pytest.raises(ValueError, match=message):
        replace(recipe, **change)


def test_a_baseline_has_some_of_the_inputs(recipe):
    assert list(recipe.only("audio").inputs) == ["audio"]
    assert recipe.only("audio").optional == ()  # there is nothing to fall back on
    assert recipe.only("text", "audio").optional == ("audio",)
    with pytest.raises(ValueError, match="unknown input 'txt'; did you mean 'text'"):
        recipe.only("txt")


@pytest.mark.parametrize("name", ["fusion", "modality", "early", "hidden0", "image_present"])
def test_names_of_layers_are_refused(name):
    inputs = {"image": Image("cnn"), name: Image("cnn")}
    with pytest.raises(ValueError, match=f"{name!r} cannot name an input or output"):
        Recipe(inputs, {"label": Classify(2)}, optional=("image",))
