"""A run is slimmed, trained on and stored as any other."""

import pytest

import mmkeras
from mmkeras_export import Cut, multiply_adds, slim


@pytest.fixture(scope="module")
def slimmer(run, stamps, tmp_path_factory):
    out = tmp_path_factory.mktemp("slimmed") / "run"
    training = mmkeras.Training(batch_size=32, learning_rate=3e-3, augment=False)
    cut = Cut("taylor", multiple=4)
    share = {"image_*": 0.5, "*": 0.3}
    return slim(run, stamps.train, stamps.valid, share, 3, out, training, cut=cut)


def test_a_slimmed_run_is_stored_and_says_what_it_lost(run, slimmer):
    (lost,) = mmkeras.load(slimmer.path).about["steps"]
    assert (lost["step"], lost["epochs"]) == ("slim", 3)
    assert lost["share"] == {"image_*": 0.5, "*": 0.3}
    assert lost["cut"]["criterion"] == "taylor"
    image = [lost[when]["image"]["multiply_adds"] for when in ("before", "after")]
    assert 0.3 < image[1] / image[0] <= 0.5
    assert lost["before"]["audio"]["parameters"] > lost["after"]["audio"]["parameters"]


def test_the_run_that_was_slimmed_is_as_it_was(run, slimmer):
    work = [sum(multiply_adds(each.model).values()) for each in (run, slimmer)]
    assert work[1] < 0.7 * work[0]
    assert slimmer.recipe == run.recipe
    assert slimmer.tokenizer_json == run.tokenizer_json


def test_it_answers_nearly_as_well(run, slimmer, stamps):
    before, after = (mmkeras.evaluate(r, stamps.valid).accuracy for r in (run, slimmer))
    assert all(after[name] > before[name] - 0.1 for name in before)


def test_a_training_of_no_epochs_is_refused(run, stamps):
    with pytest.raises(ValueError, match="tuning wants at least one epoch"):
        slim(run, stamps.train, stamps.valid, epochs=0)
