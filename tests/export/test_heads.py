"""Every kind of answer at once, from the cells of a manifest to what the device says."""

import json
from typing import NamedTuple

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras.tasks import TASKS
from mmkeras_edge import Interval, Scores, Tags, Value, load
from mmkeras_edge.cli import main
from mmkeras_export import export_all

SIZES = ("tiny", "small", "large", "huge")
ROWS = 240
COLUMNS = {
    "size": "classify",
    "big": "binary",
    "tags": "multilabel",
    "grade": "ordinal",
    "height": "regress",
    "weight": "gaussian",
    "legs": "count",
    "price": "quantiles",
}


def row_of(i: int, random: np.random.Generator) -> dict[str, str]:
    """Everything follows from the word; every sixth label of each column is not known."""
    rank = i % 4
    row = {
        "size": SIZES[rank],
        "big": ("no", "yes")[rank > 1],
        "tags": ("|", "cheap", "cheap|red", "red")[rank],
        "grade": str(rank),
        "height": f"{50 + 40 * rank + random.normal(0, 2):.2f}",
        "weight": f"{1_000 * (1 + rank) + random.normal(0, 100):.1f}",
        "legs": str(random.poisson(1 + 3 * rank)),
        "price": f"{0.01 * (1 + rank) + random.exponential(0.002):.5f}",
    }
    for place, name in enumerate(row):
        if (i + place) % 6 == 0:
            row[name] = ""
    return {"words": f"a {SIZES[rank]} thing", **row}


class Shipped(NamedTuple):
    run: mmkeras.Run
    test: mmkeras.Manifest
    paths: dict
    reports: dict


@pytest.fixture(scope="module")
def shipped(tmp_path_factory) -> Shipped:
    folder = tmp_path_factory.mktemp("heads")
    random = np.random.default_rng(0)
    rows = [row_of(i, random) for i in range(ROWS)]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    (folder / "things.csv").write_text("\n".join(lines) + "\n")
    data = mmkeras.load_manifest(folder / "things.csv", text="words", targets=COLUMNS)
    parts = data.split()
    keras.utils.set_random_seed(0)
    outputs = {name: parts[0].task(name) for name in COLUMNS}
    outputs["height"] = mmkeras.Regress("cm")
    outputs["weight"] = mmkeras.Gaussian("g")
    text = mmkeras.Text("embedding", length=4, vocabulary=300)
    model = mmkeras.build_model(text=text, outputs=outputs, width=32)
    training = mmkeras.Training(batch_size=16, learning_rate=1e-2, augment=False)
    run = mmkeras.fit(model, *parts[:2], epochs=25, out=folder / "run", training=training)
    paths = {name: folder / f"{name}.tflite" for name in ("float32", "int8")}
    reports = export_all(run, paths, *parts[:2], budget=0.25)
    return Shipped(run, parts[2], paths, reports)


def test_the_table_of_kinds_is_covered():
    assert set(COLUMNS.values()) == set(TASKS)


@pytest.mark.parametrize("name", COLUMNS)
def test_each_learns(shipped, name):
    found = mmkeras.evaluate(shipped.run, shipped.test)
    (measure, value), *_ = found.figures[name].items()
    constant = found.baseline[name][measure]
    if measure in ("accuracy", "f1"):
        assert constant < 0.8 < value
    else:
        assert value < 0.7 * constant
    assert found.labelled[name] < found.rows


def test_their_losses_fall(shipped):
    for name in COLUMNS:
        losses = shipped.run.history[f"{name}_loss"]
        assert losses[-1] < 0.9 * losses[0]


def test_a_loaded_run_answers_alike(shipped):
    loaded = mmkeras.load(shipped.run.path)
    feed = shipped.run.prepare(shipped.test).feed()
    here, there = (run.model.predict(feed, verbose=0) for run in (shipped.run, loaded))
    for name in COLUMNS:
        np.testing.assert_array_equal(here[name], there[name])


@pytest.mark.parametrize("name", COLUMNS)
def test_float_answers_as_keras_and_int8_says_nearly_the_same(shipped, name):
    exact, small = (
        shipped.reports[precision].chosen.comparisons["all inputs"].outputs[name]
        for precision in ("float32", "int8")
    )
    assert exact.max_difference < 1e-4
    assert exact.agreement == 1.0
    assert small.agreement > 0.8


def test_the_device_says_it_in_its_own_terms(shipped):
    answer = load(shipped.paths["int8"]).predict(text="a huge thing")
    assert isinstance(answer["size"], Scores)
    assert answer["size"].label == "huge"
    assert answer["big"].label == "yes"
    assert isinstance(answer["tags"], Tags)
    assert list(answer["tags"]) == ["red"]
    assert answer["grade"].label == "3"
    assert isinstance(answer["height"], Value)
    assert 155 < float(answer["height"]) < 185
    assert repr(answer["height"]).endswith(" cm")
    assert isinstance(answer["weight"], Interval)
    assert 2_500 < answer["weight"].low < 4_000 < answer["weight"].high < 5_500
    assert 7 < float(answer["legs"]) < 13
    assert isinstance(answer["price"], Interval)
    assert 0.03 < answer["price"].low < answer["price"].value < answer["price"].high < 0.06


def test_the_command_prints_all_of_it(shipped, capsys):
    path = str(shipped.paths["int8"])
    assert main(["run", path, "--text", "a tiny thing", "--json"]) == 0
    outputs = json.loads(capsys.readouterr().out)["outputs"]
    assert next(iter(outputs["size"])) == "tiny"
    assert outputs["tags"]["labels"] == []
    assert outputs["height"]["unit"] == "cm"
    assert list(outputs["price"]["quantiles"]) == ["0.1", "0.5", "0.9"]
    assert main(["run", path, "--text", "a tiny thing"]) == 0
    assert " cm\n" in capsys.readouterr().out
    assert main(["info", path]) == 0
    shown = capsys.readouterr().out
    assert "quantiles, at 0.1, 0.5, 0.9\n" in shown
    assert "regress, a number in cm\n" in shown
