"""Folds, and the trainings that turn in them."""

import json

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import mmkeras
from mmkeras.cli import app
from mmkeras.cross_validation import fold_rows
from mmkeras.splits import draw_folds

FIVE = [0.2] * 5


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["", *"12345678"])), min_size=40),
    st.integers(0, 9),
)
def test_groups_are_never_split(rows, seed):
    labels, groups = (np.array(column) for column in zip(*rows, strict=True))
    if len(set(groups)) - 1 + (groups == "").sum() < 5:
        return
    folds = draw_folds(labels, groups, FIVE, seed)
    assert set(folds) <= set(range(5))
    for group in set(groups) - {""}:
        assert len(set(folds[groups == group])) == 1


def test_rows_without_groups_keep_the_shares_of_their_classes():
    labels = np.repeat(["cat", "dog", "emu"], [50, 30, 20])
    folds = draw_folds(labels, [""] * 100, FIVE, seed=3)
    for fold in range(5):
        assert [(labels[folds == fold] == name).sum() for name in ("cat", "dog", "emu")] == [
            10,
            6,
            4,
        ]


def test_classes_that_do_not_divide_are_shared_out_evenly_over_the_folds():
    labels = np.repeat(list("abcdefghij"), 6)  # 12 rows a fold, one of each class, two of two
    folds = draw_folds(labels, [""] * 60, FIVE, seed=0)
    assert np.bincount(folds).tolist() == [12] * 5


def test_groups_of_several_classes_balance_each_other():
    # Twenty people: ten with 3 cats and a dog, ten with a cat and 3 dogs.
    labels = np.array([*["cat", "cat", "cat", "dog"] * 10, *["cat", "dog", "dog", "dog"] * 10])
    people = np.repeat([f"p{i}" for i in range(20)], 4)
    folds = draw_folds(labels, people, FIVE, seed=1)
    for fold in range(5):
        assert (labels[folds == fold] == "cat").sum() == 8
        assert (folds == fold).sum() == 16


def test_a_part_gets_its_share():
    parts = draw_folds(np.repeat(["a", "b"], 40), [""] * 80, [7 / 8, 1 / 8], seed=0)
    assert np.bincount(parts).tolist() == [70, 10]


def test_fewer_groups_than_folds_are_an_error():
    with pytest.raises(ValueError, match="5 parts want as many groups; there are 2"):
        draw_folds(np.array(["a"] * 6), ["x", "y"] * 3, FIVE, 0)


@pytest.fixture
def data(toy):
    return mmkeras.load_manifest(toy, text="words", targets={"animal": "classify"})


@pytest.fixture
def words(recipe):
    return recipe.only("text")


def test_every_row_is_tested_on_once_and_never_learned_from_there(data):
    tested = []
    for rows in fold_rows(data, 4, seed=0):
        parts = [part.lines for part in rows.manifests.values()]
        assert sorted([*parts[0], *parts[1], *parts[2]]) == data.lines
        assert [len(part) for part in parts] == [13, 2, 5]
        tested += parts[2]
    assert sorted(tested) == data.lines


def test_a_class_that_is_in_one_fold_alone_is_warned_of(toy):
    lines = toy.read_text().splitlines()
    toy.write_text("\n".join([*lines, "0.png,A red emu.,,emu,99"]) + "\n")
    data = mmkeras.load_manifest(toy, text="words", targets={"animal": "classify"})
    with pytest.warns(UserWarning, match="emu: all rows are in one fold"):
        assert len(list(fold_rows(data, 2, seed=0))) == 2


def test_folds_are_trained_once_and_go_on(data, words, tmp_path, monkeypatch):
    out, begun = tmp_path / "folds", []
    whole_fit = keras.Model.fit

    def counted(model, *args, **options):
        begun.append(model)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return whole_fit(model, *args, **options)

    monkeypatch.setattr(keras.Model, "fit", counted)
    options = (data, 2, 1, out, mmkeras.Training(batch_size=4))
    with pytest.raises(KeyboardInterrupt):
        mmkeras.cross_validate(words, *options)
    found = mmkeras.cross_validate(words, *options)
    assert len(begun) == 3  # the first fold, the second that was stopped, the second
    assert [fold.rows for fold in found.folds] == [10, 10]
    again = mmkeras.cross_validate(words, *options)
    assert len(begun) == 3
    assert again.to_dict() == found.to_dict() == json.loads((out / "folds.json").read_text())
    values = found.by_fold("animal")
    summary = found.to_dict()["outputs"]["animal"]
    assert summary["mean"] == pytest.approx(np.mean(values))
    assert summary["spread"] == pytest.approx(np.std(values, ddof=1))
    assert "0.500 ± 0.000" in str(found)  # the constant answer: as many cats as dogs
    with pytest.raises(ValueError, match=r"fold-0' was trained otherwise: epochs was 1, is 2\. As"):
        mmkeras.cross_validate(words, data, 2, 2, out, mmkeras.Training(batch_size=4))


def test_the_command_trains_folds(toy, tmp_path):
    command = ["train", toy, "--text", "words", "--target", "animal", "--folds", 2, "--epochs", 1]
    command += ["--set", "text=dense", "--set", "text.vocabulary=300", "--out", tmp_path / "out"]
    done = CliRunner().invoke(app, list(map(str, command)), catch_exceptions=False)
    assert "animal" in done.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fold-0", "fold-1", "folds.json",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="--folds takes no --teacher, --tensorboard"):
        CliRunner().invoke(app, list(map(str, [*command, "--dry-run"])), catch_exceptions=False)
