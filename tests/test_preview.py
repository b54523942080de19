import dataclasses

import numpy as np
import pytest
from PIL import Image

from mmkeras import MultiLabel, Regress, Sensor, Table, Training, load_manifest
from mmkeras.prepare import prepare
from mmkeras.preview import _label, draw_preview
from mmkeras.recipe import Recipe
from mmkeras.tokenizer import train_tokenizer
from tests.commands import COLUMNS, command


@pytest.fixture
def data(toy, recipe):
    rows = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    return prepare(rows, recipe, train_tokenizer(["a black cat", "a white dog"], 280))


def test_three_inputs_of_four_samples_are_twice_as_broad_for_before_and_after(data, tmp_path):
    path = draw_preview(data, tmp_path / "one.png", Training(mix="mixup"), rows=4)
    with Image.open(path) as picture:
        assert picture.size == (2 * 3 * 200, 4 * 224 + 60)
    again = draw_preview(data, tmp_path / "two.png", Training(mix="mixup"), rows=4)
    other = draw_preview(data, tmp_path / "other.png", Training(mix="mixup", seed=1), rows=4)
    assert path.read_bytes() == again.read_bytes() != other.read_bytes()


def test_labels_say_both_rows_of_a_mixed_one(data):
    both = np.array([[0.75, 0], [0.25, 1]], np.float32)
    assert _label(data, "animal", both) == "animal: cat 0.75, dog 0.25"
    assert _label(data, "animal", np.array([[0.75, 1], [0.25, 1]])) == "animal: dog 1.00"
    assert _label(data, "animal", np.int32(-1)) == "animal: unknown"


def test_readings_records_numbers_and_several_labels_have_their_place(tmp_path):
    np.save(tmp_path / "a.npy", np.random.default_rng(0).normal(size=(20, 2)))
    path = tmp_path / "rows.csv"
    path.write_text("imu,age,price,tags\na.npy,7,1.5,x|y\na.npy,,2,|\n")
    rows = load_manifest(
        path,
        sensors={"imu": "imu"},
        table={"person": ("age",)},
        targets={"price": "regress", "tags": "multilabel"},
    )
    inputs = {"imu": Sensor(2, 10, 2_000), "person": Table(("age",))}
    outputs = {"price": Regress(), "tags": MultiLabel(("x", "y"))}
    recipe = Recipe(inputs, outputs, optional=("person",))
    data = prepare(rows, recipe)
    draw_preview(data, tmp_path / "out.png", Training(augment=("jitter", "scaling")))
    assert [_label(data, name, of[0]) for name, of in data.targets.items()] == [
        "price: 1.5",
        "tags: x|y",
    ]
    mixed = np.array([[0.6, 1, 1], [0.4, 0, 0]])
    assert _label(data, "tags", mixed) == "tags: x|y 0.60, none 0.40"
    narrow = dataclasses.replace(data, targets={"price": data.targets["price"]})
    assert _label(narrow, "price", np.array([[0.5, 1.5], [0.5, 2.0]])) == "price: 1.5 0.50, 2 0.50"


def test_the_command_draws_what_the_settings_say(toy, tmp_path):
    small = ["--set", "image.size_px=16x16", "--set", "optional=audio", "--rows", "2"]
    out = tmp_path / "sheet.png"
    code, said, error = command("preview", toy, *COLUMNS, *small, "-o", out)
    assert (code, said.strip()) == (0, str(out)), error
    code, _, error = command("preview", toy, *COLUMNS, "--set", "training.augment=flop", "-o", out)
    assert code == 2
    assert "unknown variation 'flop'; did you mean 'flip'" in error
