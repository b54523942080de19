"""`mmkeras evaluate` and `mmkeras calibrate`, as they are typed."""

import dataclasses
import json
import shutil

import pytest

import mmkeras
from mmkeras_edge.file import open_file
from tests.commands import command

NAMED = ["--text", "caption", "--audio", "speech"]  # what a file cannot know


def test_parts_are_asked_for_by_name_and_stored_with_pictures(run, tmp_path):
    asked = ["--calibration", "--column", "language", "--out", tmp_path, "--json"]
    code, out, err = command("evaluate", run.path, *asked)
    assert code == 0, err
    found = json.loads(out)
    assert set(found["parts"]) == {"calibration", "slices"}
    assert set(found["parts"]["slices"]["category"]["columns"]) == {"language"}
    assert found["intervals"]["language"]["accuracy"][0] < found["accuracy"]["language"]
    assert err.strip() == f"4 pictures and evaluation.json are in {tmp_path}"
    assert (tmp_path / "calibration-category.png").is_file()


def test_the_short_form_is_two_lines_and_intervals(run):
    code, out, _ = command("evaluate", run.path, "--group", "group")
    assert code == 0
    head, *lines = out.splitlines()
    assert head.split()[:3] == ["output", "accuracy", "majority"]
    assert [line.split()[0] for line in lines] == ["category", "language"]
    assert all(line.split()[4] == "to" for line in lines)


def test_a_column_that_is_not_there_is_told(run):
    code, _, err = command("evaluate", run.path, "--column", "langage")
    assert code == 2
    assert "'langage'; did you mean 'language'?" in err
    code, _, err = command("evaluate", run.path, "--group", "pair")
    assert (code, "unknown column of" in err) == (2, True)
    code, _, err = command("evaluate", run.path, "--file", run.path)
    assert (code, "--file wants an exported .tflite" in err) == (2, True)


def test_a_file_is_calibrated_on_the_validation_rows_of_its_run(run, files, tmp_path):
    path = tmp_path / "file.tflite"
    shutil.copy(files.paths["int8"], path)
    code, out, err = command("calibrate", path, run.path, "--turn-away", "0.2", "--json")
    assert code == 0, err
    found, card = json.loads(out), open_file(path).card
    assert card.outputs["category"].unsure_below == found["category"]["unsure_below"] > 0
    assert mmkeras.load(path).specs == card.outputs


@pytest.mark.parametrize("verb", ["evaluate", "calibrate", "report"])
def test_with_strict_a_row_that_cannot_be_used_is_an_error(run, files, verb, tmp_path):
    rows = run.rows("valid")
    table = rows.table.copy()
    table.loc[rows.lines[0], "image"] = "gone.png"
    bad = dataclasses.replace(rows, table=table).save(tmp_path / "bad.csv")
    asked = NAMED if verb == "calibrate" else []
    of = files.paths["int8"] if verb == "calibrate" else run.path
    code, _, err = command(verb, of, bad, *asked, "--strict")
    assert (code, "bad.csv:2: image: no file" in err) == (2, True), err


def test_rows_that_are_not_evaluated_are_listed_beside_their_manifest(run, files, tmp_path):
    import warnings

    warnings.simplefilter("default")  # as in a shell
    rows = run.rows("valid")
    table = rows.table.copy()
    table.loc[rows.lines[0], "image"] = "gone.png"
    bad = dataclasses.replace(rows, table=table).save(tmp_path / "bad.csv")
    for asked in ([run.path, bad], [files.paths["float32"], bad, *NAMED]):
        (tmp_path / "bad.skipped.csv").unlink(missing_ok=True)
        code, _, err = command("evaluate", *asked)
        assert (code, "1 row left out" in err) == (0, True), err
        assert (tmp_path / "bad.skipped.csv").read_text().count("gone.png") == 1


@pytest.mark.slow
def test_what_an_input_saves_is_measured_of_the_file(run, files):
    from mmkeras_export import savings_without

    found = savings_without(mmkeras.load(files.paths["int8"]))
    assert list(found) == ["image", "text", "audio"]
    assert all(saved.kb > 0 for saved in found.values())
    assert found["audio"].ms > 0  # its log-mel is a large share of so small a model
