"""Recipes in files."""

import json

import jsonschema
import pytest
import yaml

from mmkeras import Audio, Classify, Image, MultiLabel, Ordinal, Recipe, Sensor, Text, Training
from mmkeras.fusion import FUSIONS
from mmkeras.recipe_file import load_recipe
from mmkeras.recipe_schema import recipe_schema
from mmkeras.recipe_yaml import as_yaml
from mmkeras.recipes import RECIPES

GOOD = """
inputs:
  image: {kind: image, branch: cnn, size_px: [32, 48]}
  text:
    kind: text
    length: 8
outputs:
  mood: {kind: ordinal, labels: [no, yes, off]}
  tags: {kind: multilabel, labels: 3}
  kind: {kind: classify}
fusion: {name: perceiver, latents: 4}
hidden: [16]
training:
  learning_rate: 1e-3
  warm_up: 0
  augment: false
"""


@pytest.fixture(scope="module")
def schema():
    found = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.fixture
def write(tmp_path):
    def write(text, name="my.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", RECIPES)
def test_a_named_recipe_survives_yaml_and_fulfils_the_schema(name, write, schema):
    recipe, about = RECIPES[name]
    text = as_yaml(recipe, about)
    assert about in text
    assert load_recipe(write(text)).recipe == recipe
    assert yaml.safe_load(text)["width"] == recipe.width  # others can read it too
    schema.validate(yaml.safe_load(text))
    assert load_recipe(write(json.dumps(recipe.to_dict()), "my.json")).recipe == recipe
    schema.validate(json.loads(json.dumps(recipe.to_dict())))


def test_the_training_that_is_commented_out_is_the_usual_one(write):
    text = as_yaml(RECIPES["pi"].recipe)
    lines = text.splitlines()
    begin = lines.index("# training:  # what is left out is as here")
    with_training = [*lines[:begin], *(line.removeprefix("# ") for line in lines[begin:])]
    assert load_recipe(write("\n".join(with_training))) == (RECIPES["pi"].recipe, Training())
    assert "#   learning_rate: 0.002  # at the start; it falls to 0 along a cosine" in lines


def test_yaml_is_read_by_version_1_2(write, schema):
    found = load_recipe(write(GOOD))
    assert found.recipe == Recipe(
        {"image": Image("cnn", (32, 48)), "text": Text(length=8)},
        {
            "mood": Ordinal(("no", "yes", "off")),  # in 1.1 these are booleans
            "tags": MultiLabel(3),
            "kind": Classify(2),  # a placeholder
        },
        fusion={"name": "perceiver", "latents": 4},
        hidden=(16,),
    )
    assert found.training == Training(learning_rate=0.001, warm_up=0.0, augment=False)


def test_words_that_look_like_others_are_quoted(write):
    names = ("yes", "null", "1", "a b", "x: y", "ö")
    recipe = Recipe({"sensor": Sensor(6, names=names), "mic": Audio()}, {"label": Classify(names)})
    text = as_yaml(recipe)
    assert load_recipe(write(text)).recipe == recipe
    assert yaml.safe_load(text)["inputs"]["sensor"]["names"] == list(names)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "branch: cnn",
            "branch: cmn",
            "my.yaml:3: inputs.image.branch: unknown image branch 'cmn'",
        ),
        ("length: 8", "lenght: 8", "my.yaml:6: inputs.text.lenght: unknown field of Text 'lenght'"),
        ("length: 8", "length: 0", "my.yaml:4: inputs.text: text: wanted a whole length above 0"),
        ("length: 8", "length: long", "my.yaml:6: inputs.text.length: wanted a whole number, or"),
        ("length: 8", "length: 8\n    length: 9", "my.yaml:7: inputs.text.length: is given twice"),
        ("    kind: text\n", "", "my.yaml:4: inputs.text: say its kind: one of image, text"),
        ("kind: text", "kind: txet", "my.yaml:5: inputs.text.kind: unknown kind 'txet'; did you"),
        ("[32, 48]", "[32]", "my.yaml:3: inputs.image.size_px: wanted 2 whole numbers"),
        ("latents", "latent", "my.yaml:11: fusion: unknown option of the fusion 'perceiver'"),
        (
            "[16]",
            "16",
            "my.yaml:12: hidden: wanted whole numbers with commas between. Received: 16",
        ),
        ("warm_up: 0", "warm_up: no", "my.yaml:15: training.warm_up: wanted a number"),
        ("warm_up", "warmup", "my.yaml:15: training.warmup: unknown field of Training 'warmup'"),
        ("hidden:", "hiden:", "my.yaml:12: hiden: unknown field of a recipe 'hiden'; did you mean"),
        ("hidden: [16]", "optional: [x]", "my.yaml: unknown optional input 'x'"),
        ("[16]", "[16", "my.yaml:13: no YAML: "),
        ("outputs:", "extra:", "my.yaml:7: extra: unknown field of a recipe 'extra'"),
    ],
)
def test_an_error_says_where(write, old, new, message):
    assert old in GOOD
    path = write(GOOD.replace(old, new))
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared below
        load_recipe(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "my.json:1: no JSON: "),
        ("[]", "my.json: wanted names with values. Received: []"),
        ('{"width": 3}', "my.json: no inputs; `mmkeras recipes --save NAME` writes a whole one"),
        ('{"width": 3, "width": 4}', "my.json: 'width' is given twice in one object"),
    ],
)
def test_json_has_errors_too(write, text, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the message is compared below
        load_recipe(write(text, "my.json"))
    assert message in str(caught.value)


def test_the_schema_knows_the_tables(schema):
    names = schema.schema["$defs"]["Image"]["properties"]["branch"]["anyOf"][0]["enum"]
    assert {"cnn", "resnet50", "vgg16"} <= set(names)
    assert schema.schema["properties"]["fusion"]["anyOf"][0]["enum"] == list(FUSIONS)
    rate = schema.schema["properties"]["training"]["properties"]["learning_rate"]
    assert (rate["type"], rate["default"]) == ("number", 0.002)
    assert rate["description"] == "at the start; it falls to 0 along a cosine"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("branch: cnn", "branch: cmn"),
        ("length: 8", "lenght: 8"),
        ("length: 8", "length: long"),
        ("latents", "latent"),
        ("warm_up: 0", "warm_up: fast"),
        ("hidden:", "hiden:"),
    ],
)
def test_the_schema_refuses_what_reading_refuses(old, new, schema):
    plain = yaml.safe_load(GOOD.replace("[no, yes, off]", "[low, high]").replace("1e-3", "1.0e-3"))
    schema.validate(plain)
    wrong = GOOD.replace("[no, yes, off]", "[low, high]").replace("1e-3", "1.0e-3")
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(yaml.safe_load(wrong.replace(old, new)))


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file '.*none\.yaml'"):
        load_recipe(tmp_path / "none.yaml")
