"""`mmkeras export` where int8 alone will not do: refused, written by force, and mixed."""

import json

import numpy as np
import pytest

import mmkeras
import mmkeras_edge
from tests.commands import command

WORDS = (("cat", "A black cat that sleeps."), ("dog", "A white dog that barks."))
LOUD = 10_000.0


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    """The folder of a run that int8 ruins and float does not: one number of its tokens is so loud
    that 256 steps leave nothing of the others, and nobody listens to it."""
    folder = tmp_path_factory.mktemp("spoiled")
    lines = [f"{words} {i},{animal},{i}" for i in range(60) for animal, words in WORDS]
    (folder / "words.csv").write_text("\n".join(["words,animal,pair", *lines]) + "\n")
    what = ["--text", "words", "--target", "animal", "--group", "pair", "--out", folder / "run"]
    settings = ["text=embedding", "text.length=8", "text.vocabulary=300", "width=8"]
    settings += ["training.learning_rate=0.03"]
    how = [option for setting in settings for option in ("--set", setting)]
    code, out, err = command(
        "train", folder / "words.csv", *what, *how, "--epochs", "5", "--json", "--seed", "3"
    )
    assert code == 0, err
    assert json.loads(out)["accuracy"] == {"animal": 1.0}
    run = mmkeras.load(folder / "run")
    (table,) = run.model.get_layer("text_embedding").weights
    kernel = run.model.get_layer("text_feature").kernel
    loud, deaf = table.numpy(), kernel.numpy()
    loud[:, 0] = LOUD * np.random.default_rng(0).choice([-1, 1], len(loud))
    deaf[0] = 0
    table.assign(loud)
    kernel.assign(deaf)
    return run.save(folder / "run")


def test_a_refusal_has_exit_code_1_and_the_table_and_writes_nothing(spoiled, tmp_path):
    code, out, err = command("export", spoiled, "-o", tmp_path / "model.tflite")
    assert (code, out) == (1, "")
    assert "mmkeras: error: nothing was written: animal, all inputs: accuracy drops by 0.5" in err
    table = err.partition("\n")[2].splitlines()
    assert {"variant", "compressed", "animal", "agree"} <= set(table[0].split())
    assert [line.split()[0] for line in table[1:3]] == ["float32", "x"]
    assert table[2].split()[1] == "int8"
    assert not list(tmp_path.iterdir())


def test_by_force_it_is_written_and_its_card_says_so(spoiled, tmp_path):
    path = tmp_path / "model.tflite"
    code, out, err = command("export", spoiled, "-o", path, "--force")
    assert code == 0, err
    (note,) = mmkeras_edge.load(path).file.card.notes
    assert note.startswith("written in spite of: animal, all inputs: accuracy drops by 0.5")
    assert note in out


def test_the_cheapest_mix_for_a_target_is_one_command_that_says_the_next(spoiled, tmp_path):
    path = tmp_path / "model.tflite"
    wish = ["--precision", "auto", "--target", "raspberry-pi-4", "--budget", "0.02"]
    code, out, err = command("export", spoiled, "-o", path, *wish, "--json")
    assert code == 0, err
    report = json.loads(out)
    assert report["target"] == "raspberry-pi-4"
    (int8,) = [variant for variant in report["tried"] if variant["name"] == "int8"]
    assert int8["wrong"]
    assert report["chosen"] != "int8"
    assert mmkeras_edge.load(path).file.card.notes == ()
    picture = tmp_path / "model.export.png"
    assert {*tmp_path.iterdir()} == {path, picture, tmp_path / "model.export.json"}
    assert json.loads((tmp_path / "model.export.json").read_text()) == report
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"look at {picture}; next: mmkeras-edge verify {path}" in err
