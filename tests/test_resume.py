"""A training that is broken off goes on as if nothing had been."""

import keras
import numpy as np
import pytest

from mmkeras import Training, fit, load, load_manifest, resume
from mmkeras.unfinished import Unfinished

QUICK = Training(batch_size=3, learning_rate=1e-2, checkpoint_s=0.0)
EPOCHS = 4


@pytest.fixture
def parts(toy):
    data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    return data.split()[:2]


@pytest.fixture
def words(recipe):
    return recipe.only("text", "audio")


@pytest.fixture
def unbroken(words, parts):
    """The weights and the history of a training that nothing disturbs."""
    run = fit(words, *parts, EPOCHS, training=QUICK)
    return run.model.get_weights(), run.history


class Broken(keras.callbacks.Callback):
    """Ends a training at the begin of a batch of an epoch, as Ctrl-C does."""

    def __init__(self, epoch, batch):
        super().__init__()
        self._at = (epoch, batch)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == self._at:
            raise KeyboardInterrupt


def assert_alike(run, unbroken):
    weights, history = unbroken
    for a, b in zip(run.model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    for name in history:
        if name != "seconds":
            np.testing.assert_array_equal(run.history[name], history[name])


@pytest.mark.parametrize("at", [(1, 0), (2, 3)], ids=["between epochs", "within an epoch"])
def test_a_resumed_training_ends_with_the_weights_of_an_unbroken_one(
    words, parts, unbroken, tmp_path, at
):
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt, match=r"run' keeps .*: go on with resume"):
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[Broken(*at)])
    assert Unfinished.of(out).state().position.epoch == at[0]
    assert_alike(fit(words, *parts, EPOCHS, out, QUICK, resume=True), unbroken)
    assert not (out / "checkpoint").exists()


def test_the_folder_alone_is_enough_to_go_on(words, parts, unbroken, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(words, *parts, EPOCHS, tmp_path / "run", QUICK, callbacks=[Broken(3, 2)])
    with pytest.raises(FileNotFoundError, match="run' is not finished; go on with it: mmkeras tra"):
        load(tmp_path / "run")
    assert_alike(resume(tmp_path / "run"), unbroken)
    with pytest.raises(FileNotFoundError, match="no unfinished training"):
        resume(tmp_path / "run")
