"""Every named recipe, from a manifest to an answer on the device."""

import json
from dataclasses import replace

import keras
import pytest
from typer.testing import CliRunner

import mmkeras
import mmkeras_edge
from mmkeras.recipes import RECIPES
from mmkeras_export import export

LARGE = ("resnet18_lstm_concat", "text_image", "vgg16_resnet50_self_attention")
TRIED = [  # the stamps' are the quickstart's, which has tests of its own
    pytest.param(name, marks=pytest.mark.slow if name in LARGE else ())
    for name in RECIPES
    if not name.startswith("stamps")
]
COLUMNS = {"image": "picture", "text": "words", "audio": "sound"}


def small(source):
    """The same input, of a size for toys."""
    if isinstance(source, mmkeras.Image):
        return replace(source, size_px=(32, 32))
    if isinstance(source, mmkeras.Text):
        return replace(source, length=4, vocabulary=300)
    return replace(source, clip_ms=640, rate_hz=8_000, mels=32)


@pytest.mark.parametrize("name", TRIED)
def test_a_recipe_learns_ships_and_answers(name, tmp_path, write_toys):
    recipe = RECIPES[name].recipe
    inputs = recipe.inputs if name in LARGE else {n: small(s) for n, s in recipe.inputs.items()}
    (output,) = recipe.outputs.values()
    path = write_toys(tmp_path)
    data = mmkeras.load_manifest(
        path, **{n: COLUMNS[n] for n in inputs}, targets={"animal": output.kind}
    )
    optional = {"audio"} & {*inputs}  # half of the toys have no sound
    recipe = replace(
        recipe,
        inputs=inputs,
        outputs={"animal": replace(output, labels=("cat", "dog"))},
        optional=tuple({*recipe.optional, *optional}),
    )
    keras.utils.set_random_seed(0)
    training = mmkeras.Training(batch_size=8, learning_rate=1e-3, augment=False)
    model = mmkeras.assemble(recipe)
    run = mmkeras.fit(model, data, data, epochs=6, out=tmp_path / "run", training=training)
    assert run.history["loss"][-1] < run.history["loss"][0]
    loaded = mmkeras.load(tmp_path / "run")
    assert loaded.recipe == recipe
    file = tmp_path / "model.tflite"
    report = export(loaded, file, "float32", validation=data)
    for seen in report.chosen.comparisons.values():
        assert seen.outputs["animal"].max_difference < 1e-4
    given = {n: source for n, source in data.sources(0).items() if n in inputs}
    assert "animal" in mmkeras_edge.load(file).predict(**given)


def test_the_command_lists_them():
    from mmkeras.cli import app

    shown = CliRunner().invoke(app, ["recipes"]).output
    assert all(name in shown and about in shown for name, (_, about) in RECIPES.items())
    listed = json.loads(CliRunner().invoke(app, ["recipes", "--json"]).output)
    assert {n: mmkeras.Recipe.from_dict(fields) for n, fields in listed.items()} == {
        name: recipe for name, (recipe, _) in RECIPES.items()
    }
