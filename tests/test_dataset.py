import numpy as np
import pytest

from mmkeras import load_manifest
from mmkeras.dataset import Batches
from mmkeras.prepare import prepare
from mmkeras.tokenizer import train_tokenizer


@pytest.fixture
def data(toy, recipe):
    manifest = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"})
    return prepare(manifest, recipe, train_tokenizer(["a black cat"], 270))


def epoch_of(batches):
    """One epoch's answers, batch by batch, and its images."""
    content = [batches[i] for i in range(len(batches))]
    return [answers["animal"].tolist() for _, answers in content], np.concatenate(
        [feed["image"] for feed, _ in content]
    )


def test_twenty_rows_in_eights_are_8_8_and_4(data):
    batches = Batches(data, batch_size=8)
    assert len(batches) == 3
    assert [len(batches[i][1]["animal"]) for i in range(3)] == [8, 8, 4]


def test_a_batch_is_a_dict_of_inputs_and_a_dict_of_class_ids(data):
    feed, answers = Batches(data, batch_size=2)[5]
    assert list(feed) == ["image", "text", "audio", "audio_present"]
    assert feed["audio_present"].tolist() == [0, 0]  # rows 10 and 11
    assert answers["animal"].tolist() == [0, 1]


def test_without_shuffle_the_rows_keep_their_order(data):
    answers, _ = epoch_of(Batches(data, batch_size=4))
    assert answers == [[0, 1, 0, 1]] * 5


def test_a_shuffled_epoch_holds_each_row_once_beside_its_answer(data):
    batches = Batches(data, batch_size=8, shuffle=True, seed=1)
    answers, images = epoch_of(batches)
    flat = [label for batch in answers for label in batch]
    assert sorted(flat) == [0] * 10 + [1] * 10 != flat
    np.testing.assert_array_equal(images[:, 0, 0, 0] == 255, flat)


def test_the_order_depends_on_seed_and_epoch_alone(data):
    one, two, other = (Batches(data, 5, shuffle=True, seed=seed) for seed in (1, 1, 2))
    first = epoch_of(one)[0]
    assert first == epoch_of(one)[0] == epoch_of(two)[0] != epoch_of(other)[0]
    one.on_epoch_begin()
    assert epoch_of(one)[0] != first
    two.on_epoch_begin()
    assert epoch_of(one)[0] == epoch_of(two)[0]


def test_only_the_named_inputs_are_varied_alike_for_the_same_seed(data):
    plain, _ = Batches(data, 20)[0]
    varied, _ = Batches(data, 20, augment=["audio"], seed=3)[0]
    again, _ = Batches(data, 20, augment=["audio"], seed=3)[0]
    other, _ = Batches(data, 20, augment=["audio"], seed=4)[0]
    for name in ("image", "text", "audio_present"):
        np.testing.assert_array_equal(varied[name], plain[name])
    np.testing.assert_array_equal(varied["audio"], again["audio"])
    assert not np.array_equal(varied["audio"], plain["audio"])
    assert not np.array_equal(varied["audio"], other["audio"])


def test_an_absent_input_stays_absent_when_varied(data):
    feed, _ = Batches(data, 20, augment=["image", "text", "audio"])[0]
    assert not feed["audio"][10:].any()
