"""`mmkeras train`: recipes in files, trying before training, going on; `mmkeras recipes --save`."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace

import keras
import pytest
from typer.testing import CliRunner

import mmkeras
from mmkeras.cli import app
from mmkeras.recipe_file import load_recipe
from mmkeras.recipes import RECIPES
from mmkeras.rehearsal import Rehearsal

SMALL = ["--set", "text.vocabulary=300", "--set", "width=8", "--set", "training.batch_size=4"]


def invoke(*arguments):
    """What a command prints. Raises what it raises."""
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def recipe_file(tmp_path):
    path = tmp_path / "my.yaml"
    path.write_text("""
inputs:
  text: {kind: text, branch: dense, length: 4, vocabulary: 300, units: 8}
outputs:
  animal: {kind: binary, threshold: 0.4}
width: 8
training: {batch_size: 4, learning_rate: 1e-3, seed: 2}
""")
    return path


def test_a_recipe_file_says_all_but_the_columns(toy, recipe_file):
    run = recipe_file.parent / "run"
    out = invoke(
        "train", toy, "--text", "words", "--recipe", recipe_file, "--epochs", 1, "--out", run
    )
    assert "animal" in out
    found = mmkeras.load(run)
    assert found.recipe.inputs["text"] == mmkeras.Text("dense", 4, 300, units=8)
    assert found.recipe.outputs == {"animal": mmkeras.Binary(("cat", "dog"), threshold=0.4)}
    training = found.about["training"]
    assert (training["batch_size"], training["learning_rate"], training["seed"]) == (4, 1e-3, 2)


def test_settings_go_before_the_file_and_seed_before_both(toy, recipe_file):
    run = recipe_file.parent / "run"
    options = ["--recipe", recipe_file, "--set", "text.units=4", "--seed", 7, "--epochs", 1]
    invoke("train", toy, "--text", "words", *options, "--out", run)
    found = mmkeras.load(run)
    assert (found.recipe.inputs["text"].units, found.about["training"]["seed"]) == (4, 7)


def test_inputs_may_have_names(toy, tmp_path):
    columns = ["--text", "first=words", "--text", "second=animal", "--target", "animal"]
    settings = [s.replace("text.", "first.") for s in SMALL]
    invoke("train", toy, *columns, *settings, "--epochs", 1, "--out", tmp_path / "run")
    recipe = mmkeras.load(tmp_path / "run").recipe
    assert list(recipe.inputs) == ["first", "second"]
    assert recipe.inputs["first"].vocabulary == 300


def test_what_is_found_out_of_columns_can_be_said_otherwise(toy, tmp_path):
    out = tmp_path / "run"
    said = ("words=text", "picture=ignore", "sound=ignore", "pair=group")
    roles = [option for role in said for option in ("--column", role)]
    invoke("train", toy, *roles, *SMALL, "--epochs", 1, "--out", out)
    found = mmkeras.load(out)
    assert list(found.recipe.inputs) == ["text"]
    assert found.rows("test").group == "pair"


def test_an_input_of_the_file_without_a_column_is_an_error(toy, recipe_file):
    given = ["train", toy, "--image", "picture", "--target", "animal", "--out", "r"]
    with pytest.raises(ValueError, match="the recipe's input 'text' has no column"):
        invoke(*given, "--recipe", recipe_file)


def test_a_dry_run_says_what_it_would_cost_and_stores_nothing(toy, tmp_path):
    before = sorted(tmp_path.iterdir())
    given = ["train", toy, "--text", "words", "--target", "animal", *SMALL, "--dry-run"]
    found = json.loads(invoke(*given, "--epochs", 5, "--out", tmp_path / "run", "--json"))
    assert sorted(tmp_path.iterdir()) == before
    # 300 words of 128 numbers; 128 to 8; one input needs no fusion; 8 to 2.
    weights = {part["name"]: part["parameters"] for part in found["parts"]}
    assert weights == {"text": 300 * 128 + 129 * 8, "fusion": 0, "animal": 9 * 2}
    assert found["float_bytes"] == 4 * sum(weights.values())
    assert found["batch_bytes"] == 4 * (16 * 4 + 4)  # 16 ids and a label, of 4 rows
    assert (found["rows"], found["steps"]) == ({"train": 14, "valid": 2}, 4)
    assert found["epoch_s"] == pytest.approx(4 * found["step_s"] + found["validation_s"])
    assert found["all_s"] == pytest.approx(found["first_step_s"] + 5 * found["epoch_s"])


def test_a_broken_training_goes_on_from_its_folder_alone(toy, tmp_path):
    class Stop(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise KeyboardInterrupt

    data = mmkeras.load_manifest(toy, text="words", targets={"animal": "classify"})
    recipe = mmkeras.Recipe(
        {"text": mmkeras.Text("dense", length=4, vocabulary=300)},
        {"animal": mmkeras.Classify(("cat", "dog"))},
        width=8,
    )
    with pytest.raises(KeyboardInterrupt):
        mmkeras.fit(recipe, data, epochs=3, out=tmp_path / "run", callbacks=[Stop()])
    out = invoke("train", "--resume", "--out", tmp_path / "run", "--json")
    assert json.loads(out)["rows"] == 4
    assert len(mmkeras.load(tmp_path / "run").history["loss"]) == 3
    assert invoke("train", "--resume", "--out", tmp_path / "run", "--json") == out  # it is done


@pytest.mark.parametrize("option", [["--epochs", 30], ["--seed", 0], ["--overwrite"]])
def test_without_rows_nothing_can_be_asked_of_a_training_that_goes_on(tmp_path, option):
    with pytest.raises(ValueError, match="give a MANIFEST; only `mmkeras train --resume --out RUN"):
        invoke("train", "--resume", "--out", tmp_path / "run", *option)


def test_a_training_in_two_phases_takes_at_most_what_was_rehearsed():
    figures = {"rows": {"train": 8, "valid": 2}, "steps": 4, "epochs": 5}
    seconds = {"first_step_s": 1.0, "step_s": 0.5, "validation_s": 0.0}
    for most, said in ((True, "at most 11 s"), (False, "about 11 s")):
        found = Rehearsal(parts=(), batch_bytes=1, **figures, **seconds, most=most)
        assert str(found).splitlines()[-1] == f"5 epochs      {said}, on this machine"


def test_a_saved_recipe_and_its_schema_stand_side_by_side(tmp_path):
    path = tmp_path / "mine.yaml"
    assert "wrote" in invoke("recipes", "--save", "pi", "-o", path)
    assert load_recipe(path).recipe == RECIPES["pi"].recipe
    schema = path.read_text().partition("\n")[0].partition("$schema=")[2]
    assert json.loads((tmp_path / schema).read_text()) == json.loads(invoke("recipes", "--schema"))
    assert invoke("recipes", "--save", "pi") == path.read_text()
    with pytest.raises(FileExistsError, match="is there already; choose another file"):
        invoke("recipes", "--save", "phone", "-o", path)


def test_debug_shows_where_an_error_arose(tmp_path):
    given = [sys.executable, "-m", "mmkeras.cli", "--debug", "check", str(tmp_path / "no.csv")]
    done = subprocess.run([*given, "--text", "a"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):")
    assert "no manifest" in done.stderr


def test_a_backend_is_chosen_before_keras_is_imported():
    code = (
        "from mmkeras.quiet import import_keras; import_keras('jax'); import keras; "
        "print(keras.backend.backend())"
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert (done.stdout, done.stderr) == ("jax\n", "")


def test_a_backend_cannot_be_changed_any_more():
    from mmkeras.quiet import import_keras

    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    with pytest.raises(ValueError, match=f"already in this process; start a new one for {other}"):
        import_keras(other)


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is not None, reason="it is installed")
def test_tensorboard_is_asked_for_by_name(toy, tmp_path):
    given = ["train", toy, "--text", "words", "--target", "animal", "--out", tmp_path / "run"]
    with pytest.raises(ImportError, match="--tensorboard wants the package: pip install"):
        invoke(*given, "--tensorboard")


def test_tensorboard_finds_the_losses_in_the_logs_of_the_run(toy, tmp_path):
    pytest.importorskip("tensorboard", reason="an optional package, which nothing else here wants")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    given = ["train", toy, "--text", "words", "--target", "animal", "--out", tmp_path / "run"]
    invoke(*given, *SMALL, "--epochs", 2, "--tensorboard")
    kept = mmkeras.load(tmp_path / "run").history
    for part, name in (("train", "loss"), ("validation", "val_loss")):
        found = EventAccumulator(str(tmp_path / "run" / "logs" / part), {"tensors": 0}).Reload()
        logged = [float(make_ndarray(e.tensor_proto)) for e in found.Tensors("epoch_loss")]
        assert logged == pytest.approx(kept[name])


def test_a_named_recipe_gives_what_the_rows_have(toy):
    from mmkeras.starting import start

    data = mmkeras.load_manifest(
        toy, text="words", audio="sound", targets={"animal": "binary", "pair": "regress"}
    )
    recipe = start(data, RECIPES["phone"].recipe)
    phone = RECIPES["phone"].recipe
    assert recipe == replace(
        phone,
        inputs={name: phone.inputs[name] for name in ("text", "audio")},
        outputs={"animal": mmkeras.Binary(("cat", "dog")), "pair": mmkeras.Regress()},
    )


def test_labels_of_a_recipe_keep_their_order(toy):
    from mmkeras.starting import start

    data = mmkeras.load_manifest(toy, text="words", targets={"animal": "ordinal"})
    text = {"text": mmkeras.Text()}
    given = mmkeras.Recipe(text, {"animal": mmkeras.Ordinal(("dog", "cat"))})
    assert start(data, given).outputs == given.outputs
    with pytest.raises(ValueError, match="the order of cat, dog is not known"):
        start(data, mmkeras.Recipe(text, {"animal": mmkeras.Ordinal(2)}))
