import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import keras
import pytest

import mmkeras
from mmkeras_edge.verify import verify
from tests.commands import COLUMNS, command


class Trained(NamedTuple):
    """What `mmkeras train` said, and the folder of its run."""

    out: str
    err: str
    run: Path


@pytest.fixture(scope="module")
def trained(write_toys, tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    what = ["--text", "words", "--target", "animal", "--group", "pair", "--out", folder / "run"]
    how = ["--set", "text=dense", "--set", "width=8", "--epochs", "1", "--seed", "3", "--json"]
    code, out, err = command("train", write_toys(folder), *what, *how)
    assert code == 0, err
    return Trained(out, err, folder / "run")


def test_help_names_every_verb():
    code, out, err = command("--help")
    assert (code, err) == (0, "")
    verbs = ("quickstart", "check", "train", "evaluate", "prune", "export", "fits", "info")
    assert all(verb in out for verb in verbs)


def test_a_good_manifest_passes_the_check(toy):
    code, out, _ = command("check", toy, *COLUMNS)
    assert code == 0
    assert out.startswith("20 usable rows of 20 in ")


def test_a_bad_manifest_fails_the_check_with_its_lines(toy):
    warnings.simplefilter("default")  # as in a shell
    (toy.parent / "3.png").write_text("no")
    (toy.parent / "4.wav").unlink()
    code, out, err = command("check", toy, *COLUMNS, "--json")
    assert code == 1
    found = json.loads(out)
    wrong = [of for of in found["findings"] if of["severity"] == "error"]
    assert [(of["lines"], of["column"]) for of in wrong] == [([6], "sound"), ([5], "picture")]
    assert (found["usable"], found["absent"]["dog"]["audio"]) == (18, 5)
    assert err.startswith("mmkeras: warning: 1 row left out:\n")


def test_train_stores_a_run_and_prints_how_good_it_is(trained):
    found = json.loads(trained.out)
    assert (found["rows"], found["majority"]) == (4, {"animal": 0.5})
    assert f"mmkeras export {trained.run} -o model.tflite" in trained.err
    run = mmkeras.load(trained.run)
    assert run.recipe.inputs == {"text": mmkeras.Text("dense")}
    assert run.about["training"]["seed"] == 3
    assert run.about["rows"] == {"train": 14, "valid": 2}


def test_evaluate_takes_the_rows_that_training_never_saw(trained):
    code, out, _ = command("evaluate", trained.run, "--json")
    assert (code, json.loads(out)) == (0, json.loads(trained.out))


def test_evaluate_takes_other_rows_when_told(trained):
    assert " 14 rows\n" in command("evaluate", trained.run, "--split", "train")[1]
    manifest = mmkeras.load(trained.run).about["data"]["path"]
    assert " 20 rows\n" in command("evaluate", trained.run, manifest)[1]


def test_a_fresh_process_says_json_and_nothing_else(trained):
    fresh = [sys.executable, "-m", "mmkeras.cli", "evaluate", str(trained.run), "--json"]
    done = subprocess.run(fresh, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == json.loads(trained.out)


def test_export_writes_a_file_that_verifies(trained, tmp_path):
    path = tmp_path / "model.tflite"
    code, out, err = command("export", trained.run, "-o", path, "--precision", "float32", "--json")
    assert code == 0, err
    assert json.loads(out)["chosen"] == "float32"
    assert bool(verify(path))


def test_evaluate_takes_a_file_too_with_the_names_of_the_columns(trained, tmp_path):
    path = tmp_path / "model.tflite"
    command("export", trained.run, "-o", path, "--precision", "float32")
    manifest = mmkeras.load(trained.run).about["data"]["path"]
    code, out, err = command("evaluate", path, manifest, "--text", "words", "--json")
    assert code == 0, err
    of_run = command("evaluate", trained.run, manifest, "--json")[1]
    assert json.loads(out)["accuracy"] == json.loads(of_run)["accuracy"]
    code, _, err = command("evaluate", path, manifest)
    assert (code, "unknown column of" in err) == (2, True)
    code, _, err = command("evaluate", path)
    assert (code, "carries no rows: name the manifest" in err) == (2, True)


def test_info_knows_runs_and_files(trained, request):
    code, out, _ = command("info", trained.run, "--json")
    about = json.loads(out)
    run = mmkeras.load(trained.run)
    assert (code, about["parameters"]) == (0, run.model.count_params())
    assert mmkeras.Recipe.from_dict(about["recipe"]) == run.recipe
    assert "data" not in about  # thousands of lines
    code, out, _ = command("info", request.path.parent / "edge/tiny.tflite", "--json")
    assert code == 0
    assert set(json.loads(out)["inputs"]) >= {"image"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "none.csv", "--text", "words"], "no manifest 'none.csv'; give the path of"),
        (["check", "toy.csv", "--text", "wrods"], "'wrods'; did you mean 'words'?"),
        (["check", "toy.csv", "--group", "pair"], "at least one of image=, text=, audio="),
        (["evaluate", "none"], "'none' is no run: no run.json in it"),
        (["export", "none", "-o", "m.tflite"], "'none' is no run: no run.json in it"),
        (["info", "none"], "'none' is no run: no run.json in it"),
        (["info", "none.tflite"], "none.tflite"),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--set", "fusion=sume"],
            "--set fusion=sume: unknown fusion 'sume'; did you mean 'sum'?",
        ),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--set", "optional=sound"],
            "unknown optional input 'sound'; choose from image, text, audio",
        ),
        (["train", "toy.csv", *COLUMNS], "say where the run is to be stored: --out RUN"),
        (["train", "--out", "r"], "give a MANIFEST; only `mmkeras train --resume --out RUN`"),
        (["train", "--resume", "--out", "r"], "no unfinished training in 'r"),
        (["train", "--resume", "--out", "r", "--set", "width=8"], "give a MANIFEST; only"),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--recipe", "fone"],
            "unknown recipe 'fone'; did you mean 'phone'?",
        ),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--recipe", "my.yaml"],
            "no file 'my.yaml'",
        ),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--backend", "jaxx"],
            "unknown backend 'jaxx'; did you mean 'jax'?",
        ),
        (
            ["train", "toy.csv", "--out", "r", *COLUMNS, "--set", "training.seed=1"],
            "say --seed N in place of --set training.seed: it also draws the split",
        ),
        (["check", "toy.csv", "--text", "a", "--text", "b"], "each wants a name of its own"),
        (["recipes", "--save", "fone"], "unknown recipe 'fone'; did you mean 'phone'?"),
    ],
)
def test_what_a_user_can_mend_is_one_line(toy, monkeypatch, arguments, message):
    monkeypatch.chdir(toy.parent)
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not (toy.parent / "r").exists()


@pytest.mark.parametrize(
    "arguments", [["train", "toy.csv"], ["chekc"], ["check"], ["train", "--epochs", "0"]]
)
def test_wrong_usage_has_exit_code_2(arguments):
    code, _, err = command(*arguments)
    assert code == 2
    assert "Traceback" not in err


def test_ctrl_c_says_so_and_leaves_nothing(toy, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", interrupted)
    before = sorted(tmp_path.iterdir())
    what = ["--text", "words", "--target", "animal"]
    code, out, err = command("train", toy, "--out", tmp_path / "runs", *what)
    assert (code, out) == (130, "")
    assert err.startswith("mmkeras: stopped; ")
    assert sorted(tmp_path.iterdir()) == before
