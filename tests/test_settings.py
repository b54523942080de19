"""Changes to a recipe as text."""

import pytest

from mmkeras import Audio, Binary, Classify, Image, Quantiles, Recipe, Text, Training
from mmkeras.settings import changed

START = Recipe(
    inputs={"image": Image("cnn"), "text": Text("dense", units=8), "audio": Audio()},
    outputs={"label": Binary(), "age": Quantiles()},
)


def only(*settings, start=START):
    """The recipe alone."""
    return changed(start, Training(), settings)[0]


def test_nothing_changes_nothing():
    assert changed(START, Training(), ()) == (START, Training())


@pytest.mark.parametrize(
    ("setting", "of", "field", "value"),
    [
        ("image=resnet50", "image", "branch", "resnet50"),
        ("image.branch=keras_hub/x", "image", "branch", "keras_hub/x"),
        ("image.size_px=96x64", "image", "size_px", (96, 64)),
        ("image.size_px=96,64", "image", "size_px", (96, 64)),
        ("image.size_px=[96, 64]", "image", "size_px", (96, 64)),
        ("image.size_px=none", "image", "size_px", None),
        ("image.trainable=no", "image", "trainable", False),
        ("image.trainable=0.3", "image", "trainable", 0.3),
        ("image.weights=imagenet", "image", "weights", "imagenet"),
        ("image.fit=pad", "image", "fit", "pad"),
        ("text.length=32", "text", "length", 32),
        ("text.vocabulary=8_000", "text", "vocabulary", 8_000),
        ("text.units=None", "text", "units", None),
        ("audio.spec_augment=true", "audio", "spec_augment", True),
    ],
)
def test_a_field_of_an_input_is_read_by_its_type(setting, of, field, value):
    found = getattr(only(setting).inputs[of], field)
    assert (type(found), found) == (type(value), value)


def test_a_field_of_an_output_is_read_by_its_type():
    recipe = only("label.threshold=0.4", "label.labels=calm,alarm", "age.levels=0.2,0.5,0.8")
    assert recipe.outputs == {
        "label": Binary(("calm", "alarm"), 0.4),
        "age": Quantiles((0.2, 0.5, 0.8)),
    }


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("width=64", "width", 64),
        ("hidden=128,32", "hidden", (128, 32)),
        ("hidden=16", "hidden", (16,)),
        ("hidden=", "hidden", ()),
        ("optional=text,audio", "optional", ("text", "audio")),
        ("fusion=gated", "fusion", "gated"),
        (
            'fusion={"name": "perceiver", "latents": 8}',
            "fusion",
            {"name": "perceiver", "latents": 8},
        ),
        ("fusion.heads=2", "fusion", {"name": "self_attention", "heads": 2}),
        ("fusion.pool=weighted", "fusion", {"name": "self_attention", "pool": "weighted"}),
    ],
)
def test_a_field_of_the_recipe_is_set_by_its_name(setting, field, value):
    assert getattr(only(setting), field) == value


def test_options_of_a_fusion_add_up():
    recipe = only("fusion=perceiver", "fusion.latents=4", "fusion.heads=2")
    assert recipe.fusion == {"name": "perceiver", "latents": 4, "heads": 2}
    recipe = only("fusion=weighted_sum", "fusion.weights=[0.5, 0.25, 0.25]")
    assert recipe.fusion == {"name": "weighted_sum", "weights": (0.5, 0.25, 0.25)}


def test_a_training_is_set_by_its_fields():
    settings = ["training.learning_rate=1e-3", "training.batch_size=8", "training.augment=false"]
    recipe, training = changed(START, Training(seed=5), settings)
    assert recipe == START
    assert training == Training(seed=5, learning_rate=0.001, batch_size=8, augment=False)


def test_the_last_setting_of_a_field_holds():
    assert only("width=64", "width=32").width == 32


def test_fields_that_need_each_other_may_be_set_one_after_the_other():
    start = Recipe({"text": Text()}, {"label": Classify(2)})
    assert only("label.labels=a,b,c", "label.weight=2", start=start).outputs == {
        "label": Classify(("a", "b", "c"), 2.0)
    }


def test_an_output_may_be_called_like_a_field_of_the_recipe():
    start = Recipe({"text": Text()}, {"width": Classify(2)})
    recipe = only("width.weight=0.5", "width=16", start=start)
    assert (recipe.width, recipe.outputs["width"].weight) == (16, 0.5)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("widht=3", "unknown field, input or output 'widht'; did you mean 'width'?"),
        ("width", "wanted FIELD=VALUE"),
        ("width=wide", "wanted a whole number. Received: 'wide'"),
        ("width=0", "wanted a width of 1 or more. Received: 0"),
        ("width.x=3", "width has no fields of its own; say width=VALUE"),
        ("label=3", "say which field of it: label.FIELD=VALUE"),
        ("image=resent50", "unknown image branch 'resent50'; did you mean 'resnet50'?"),
        ("imgae=resnet50", "unknown field, input or output 'imgae'; did you mean 'image'?"),
        ("image.sizes_px=3", "unknown field of Image 'sizes_px'; did you mean 'size_px'?"),
        ("image.size_px=96", "wanted 2 whole numbers, 96x96 or 96,96, or none. Received: '96'"),
        ("image.fit=pda", "unknown image fit 'pda'; did you mean 'pad'?"),
        ("text.length=0", "wanted a whole length above 0, received 0"),
        ("text.length=short", "wanted a whole number, or none. Received: 'short'"),
        ("audio.front=mfc", "unknown audio front 'mfc'; did you mean 'mfcc'?"),
        ("label.threshold=2", "Binary wants threshold above 0 and below 1. Received: 2.0"),
        ("fusion=gatde", "unknown fusion 'gatde'; did you mean 'gated'?"),
        ("fusion.head=3", "unknown option of the fusion 'self_attention': 'head'; did you mean"),
        ('fusion={"heads": 3}', 'a fusion with options wants its "name" too'),
        ('fusion={"name": "gated"', "this is no JSON object"),
        ("optional=adio", "unknown optional input 'adio'; did you mean 'audio'?"),
        ("training.balance=fixd", "unknown balance 'fixd'; did you mean 'fixed'?"),
        ("training.learningrate=1", "unknown field of Training 'learningrate'; did you mean"),
        ("training.learning_rate=nan", "wanted a number. Received: 'nan'"),
        ("training=3", "say which field of it: training.FIELD=VALUE"),
    ],
)
def test_an_error_begins_with_the_setting_that_is_wrong(setting, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared below
        only("hidden=8", setting, "width=8")
    assert str(caught.value).startswith(f"--set {setting}: ")
    assert message in str(caught.value)


def test_a_fusion_without_options_says_so():
    with pytest.raises(ValueError, match=r"--set fusion.heads=2: the fusion 'sum' has no options"):
        only("fusion=sum", "fusion.heads=2")
