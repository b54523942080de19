import dataclasses

import numpy as np
import pytest

from mmkeras import Regress, Training, load_manifest
from mmkeras.dataset import Batches
from mmkeras.losses import balanced_weights
from mmkeras.prepare import prepare
from mmkeras.sampling import chances, classes_of, drawn, shares
from mmkeras.session import Part
from mmkeras.tokenizer import train_tokenizer


@pytest.fixture
def data(toy, recipe):
    """18 cats and 2 dogs."""
    text = toy.read_text().replace(",dog,", ",cat,").replace("cat,3\n", "dog,3\n")
    toy.write_text(text.replace("cat,5\n", "dog,5\n"))
    rows = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"})
    return prepare(rows, recipe, train_tokenizer(["a black cat"], 270))


def test_two_dogs_come_as_often_as_eighteen_cats(data):
    often = chances(data, "balanced")
    assert np.unique(often).tolist() == pytest.approx([20 / 36, 5.0])
    rows = drawn(often, np.random.default_rng(0))
    assert data.targets["animal"][rows].tolist().count(1) == 10
    assert np.bincount(rows)[[3, 5]].tolist() == [5, 5]
    assert shares(data, often) == {"animal": {"cat": (0.9, 0.5), "dog": (0.1, 0.5)}}
    assert chances(data, "none") is None


def test_class_weights_count_an_epoch_as_it_is_sampled(data):
    part = Part(None, data, data, ())
    plain, fair = (part.labels(Training(sampling=how))["animal"] for how in ("none", "balanced"))
    assert np.bincount(plain).tolist() == [18, 2]
    assert np.bincount(fair).tolist() == [10, 10]
    assert balanced_weights(data.recipe.outputs["animal"], fair) == (1.0, 1.0)


def test_an_epoch_is_as_long_and_draws_others_the_next_time(data):
    batches = Batches(data, 20, shuffle=True, chances=chances(data, "balanced"))
    epochs = []
    for _ in range(3):
        feed, answers = batches[0]
        assert answers["animal"].sum() == 10
        np.testing.assert_array_equal(
            feed["image"][:, 0, 0, 0] == 255, feed["image"][:, 8, 8, 2] == 255
        )
        epochs.append(tuple(batches._rows.tolist()))
        batches.on_epoch_begin()
    assert len({*epochs}) == 3


def test_of_several_labels_the_rarest_counts():
    labels = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0], [np.nan] * 3], np.float32)
    assert classes_of(labels).tolist() == [0, 1, -1, -1]


def test_numbers_have_no_classes_to_balance(data, recipe):
    numbers = dataclasses.replace(recipe, outputs={"animal": Regress()})
    with pytest.raises(ValueError, match=r"wants an output with labels; .* only regress"):
        chances(dataclasses.replace(data, recipe=numbers), "balanced")
