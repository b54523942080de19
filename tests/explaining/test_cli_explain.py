"""`mmkeras explain`, as it is typed."""

import json

from tests.commands import command


def test_a_line_is_explained_in_a_sentence_a_picture_and_a_file(run, tmp_path):
    code, out, err = command("explain", run.path, "2", "--out", tmp_path)
    assert code == 0, err
    sentence, *paths = out.splitlines()
    assert sentence.startswith("category: ")
    assert "points" in sentence
    assert paths[:2] == [str(tmp_path / "explanation.png"), str(tmp_path / "explanation.json")]
    stored = json.loads((tmp_path / "explanation.json").read_text())
    assert stored["sentence"] == sentence


def test_raw_inputs_and_another_label_are_explained_as_json(run, tmp_path):
    picture = run.manifest().sources(0)["image"]
    asked = ["--image", picture, "--text", "Red.", "--output", "language", "--label", "tone_b"]
    code, out, err = command("explain", run.path, *asked, "--out", tmp_path, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["output"], found["label"]) == ("language", "tone_b")
    assert found["inputs"] == {"image": picture, "text": "Red.", "audio": None}


def test_the_check_is_a_table(run, tmp_path):
    code, out, err = command("explain", run.path, "--check", "--samples", "3", "--out", tmp_path)
    assert code == 0, err
    assert out.split()[:4] == ["input", "method", "samples", "area"]
    assert (tmp_path / "check.png").is_file()


def test_wrong_use_is_told(run):
    code, _, err = command("explain", run.path)
    assert (code, "wanted a LINE of the manifest, or inputs" in err) == (2, True)
    code, _, err = command("explain", run.path, "2", "--check")
    assert (code, "leave out LINE" in err) == (2, True)
    code, _, err = command("explain", run.path, "--video", "a.mp4")
    assert (code, "the model has no input of the kind video" in err) == (2, True)
