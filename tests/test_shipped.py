import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pytest

import mmkeras
from mmkeras.evaluation import predict
from mmkeras_edge.file import open_file


@pytest.fixture(scope="module")
def shipped(files):
    return mmkeras.load(files.paths["int8"])


def test_a_file_has_the_very_figures_that_the_gate_saw(files, stamps):
    for precision, report in files.reports.items():
        seen = report.chosen.comparisons["all inputs"]
        found = mmkeras.evaluate(mmkeras.load(files.paths[precision]), stamps.valid)
        assert found.accuracy == seen.accuracy
        assert found.rows == seen.rows


def test_it_is_evaluated_as_a_run_is_also_without_an_input(shipped, run, stamps):
    rows = run.prepare(stamps.test).without("audio")  # prepared for the run: the same arrays
    of_file, of_run = mmkeras.evaluate(shipped, rows), mmkeras.evaluate(run, rows)
    assert of_file.baseline == of_run.baseline
    assert of_file.labelled == of_run.labelled
    for name, accuracy in of_run.accuracy.items():
        assert of_file.accuracy[name] == pytest.approx(accuracy, abs=0.06)


def test_it_predicts_what_the_device_does(shipped, stamps):
    found = predict(shipped, stamps.test)
    assert {n: array.shape for n, array in found.items()} == {
        name: (len(stamps.test), len(stamps.train.classes(name))) for name in stamps.train.targets
    }
    said = shipped.model.predict(**stamps.test.sources(1))
    np.testing.assert_array_equal(found["category"][1], said["category"].probabilities)


def test_it_says_what_it_is(shipped, run, files):
    assert isinstance(shipped, mmkeras.Shipped)
    assert shipped.recipe == run.recipe
    assert shipped.path == files.paths["int8"]


def test_rows_of_another_model_are_refused(shipped, run, stamps):
    other = dataclasses.replace(run.prepare(stamps.valid), tokenizer_json="{}")
    with pytest.raises(ValueError, match="prepared with another tokenizer than the model's"):
        shipped.predict(other)


def test_a_file_without_a_card_or_damaged_says_the_cure(files, tmp_path):
    whole = files.paths["int8"].read_bytes()
    path = tmp_path / "bare.tflite"
    path.write_bytes(whole[: open_file(files.paths["int8"]).card.model_bytes])
    with pytest.raises(ValueError, match=r"bare\.tflite' has no card: .*export it with: mmkeras"):
        mmkeras.load(path)
    with pytest.raises(FileNotFoundError, match="no file"):
        mmkeras.load(tmp_path / "absent.tflite")


@pytest.mark.parametrize("recipe", [{}, {"inputs": {"image": {}}, "outputs": {}}])
def test_a_card_without_a_recipe_that_can_be_read_says_the_cure(files, tmp_path, recipe):
    path = tmp_path / "old.tflite"
    shutil.copy(files.paths["float32"], path)
    file = open_file(path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    card = {**json.loads(entries["card.json"]), "recipe": recipe}
    path.write_bytes(path.read_bytes()[: file.card.model_bytes])
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in {**entries, "card.json": json.dumps(card)}.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"old\.tflite': the recipe in its card cannot be read"):
        mmkeras.load(path)
