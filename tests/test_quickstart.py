"""The tour end to end, small: generated data, one epoch, the same files, figures and picture."""

import json
import subprocess
import sys

import pytest
from PIL import Image


@pytest.fixture(scope="module")
def toured(tmp_path_factory):
    out = tmp_path_factory.mktemp("tour")
    command = [sys.executable, "-m", "mmkeras.cli", "quickstart", "--json"]
    small = ["--data", "synthetic", "--epochs", "2", "--budget", "0.5", "--out", str(out)]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out, json.loads(done.stdout)


def test_every_variant_is_a_file_that_reproduces_its_answers(toured):
    from mmkeras_edge.verify import verify

    out, summary = toured
    names = ["stamps-float32", "stamps-dynamic_int8", "stamps", "stamps-pruned-int8"]
    assert [row["variant"] for row in summary["variants"]] == [
        "float32",
        "dynamic_int8",
        "int8",
        "pruned int8",
    ]
    for name in names:
        assert verify(out / f"{name}.tflite")


def test_shrinking_shrinks(toured):
    sizes = {row["variant"]: row["compressed_kb"] for row in toured[1]["variants"]}
    assert sizes["dynamic_int8"] < 0.4 * sizes["float32"]
    assert sizes["int8"] < 0.4 * sizes["float32"]
    assert sizes["pruned int8"] < 0.8 * sizes["int8"]


def test_float_file_answers_as_keras(toured):
    exact = toured[1]["variants"][0]
    assert exact["accuracy"] == exact["keras_accuracy"]
    assert set(exact["agreement"].values()) == {1.0}


def test_split_is_stored_with_the_manifest(toured):
    import pandas as pd

    table = pd.read_csv(toured[0] / "data" / "synthetic.csv")
    assert set(table["split"]) == {"train", "valid", "test"}
    assert (table.groupby("group")["split"].nunique() == 1).all()
    assert (table["split"] == "test").sum() == toured[1]["rows"]["test"]


def test_picture_is_drawn_whole(toured):
    with Image.open(toured[0] / "quickstart.png") as picture:
        assert picture.size == (1600, 900)
    assert not list(toured[0].glob(".*"))
