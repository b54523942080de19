"""What makes an epoch the best, and what ends a training."""

from dataclasses import replace

import keras
import pytest

from mmkeras import Regress, Training, assemble
from mmkeras.averaging import Best
from mmkeras.keeping import Keep, Score, check_monitor


@pytest.fixture
def words(recipe):
    return recipe.only("text")


@pytest.fixture
def both(words):
    return replace(words, outputs={**words.outputs, "age": Regress()})


def test_a_loss_is_better_when_lower_and_an_accuracy_when_higher(words):
    logs = {"val_loss": 0.25, "val_accuracy": 0.75}
    model = assemble(words)
    scores = [Score(name, model, words)(logs) for name in ("loss", "score", "val_accuracy")]
    assert scores == [-0.25, 0.75, 0.75]


def test_a_score_is_the_mean_over_the_outputs(both):
    """Of an error, what is left of 1: the deviation of a new model's numbers is 1."""
    logs = {"val_animal_accuracy": 0.5, "val_age_mae": 0.25}
    assert Score("score", assemble(both), both)(logs) == pytest.approx((0.5 + 0.75) / 2)


@pytest.mark.parametrize("monitor", ["loss", "score", "val_age_mae", "animal_accuracy", "val_loss"])
def test_a_figure_of_the_training_may_be_monitored(both, monitor):
    check_monitor(Training(monitor=monitor), both, callbacks=False)


def test_an_unknown_figure_is_refused_before_the_training(both, words):
    with pytest.raises(ValueError, match=r"'val_age_mea' is no .* did you mean 'val_age_mae'"):
        check_monitor(Training(monitor="val_age_mea"), both, callbacks=False)
    with pytest.raises(ValueError, match="did you mean 'val_accuracy'"):
        check_monitor(Training(monitor="val_animal_accuracy"), words, callbacks=False)


def test_a_callback_may_add_a_figure_but_none_that_a_soup_is_chosen_by(words):
    check_monitor(Training(monitor="val_mine"), words, callbacks=True)
    with pytest.raises(ValueError, match="monitor='val_mine' is no figure of this training"):
        check_monitor(Training(monitor="val_mine", soup=2), words, callbacks=True)


def kept(scores, patience=None, stop=None):
    """The callback after epochs of these losses, another one ending the training in one of them."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile()
    keep = Keep(Best(1), lambda logs: -logs["val_loss"], patience)
    keep.set_model(model)
    for epoch, score in enumerate(scores):
        model.stop_training = epoch == stop
        keep.on_epoch_end(epoch, {"val_loss": score})
    return keep


def test_patience_ends_a_training_and_another_callback_too():
    assert [kept([3, 2, 2, 2], patience).done for patience in (2, 3, None)] == [True, False, False]
    waited = kept([3, 3], patience=1)
    assert (waited.done, waited.stopped, waited.model.stop_training) == (True, False, True)
    stopped = kept([3, 2], stop=1)
    assert (stopped.done, stopped.stopped) == (False, True)
    again = kept([])
    again.restore(stopped.state())
    assert again.stopped
