"""Slimming, pruning, clustering and training with rounding are one family, for runs."""

from functools import partial

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras_export import Cut, Pruning, cluster, prune, qat, slim
from mmkeras_export.shrinking import tuning

TRAINING = mmkeras.Training(batch_size=3, learning_rate=1e-2, checkpoint_s=0.0, ema=0.9)
STEPS = {
    "slim": partial(slim, share=0.5, cut=Cut(multiple=1)),
    "prune": partial(prune, sparsity=0.6),
    "movement": partial(prune, sparsity=Pruning("2:4", criterion="movement")),
    "cluster": partial(cluster, clusters=8),
    "qat": qat,
}


@pytest.fixture(scope="module")
def words(write_toys, recipe, tmp_path_factory):
    """A small run on text, with the rows that it learned from and was chosen by."""
    toy = write_toys(tmp_path_factory.mktemp("toys"))
    data = mmkeras.load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    train, valid, _ = data.split()
    return mmkeras.fit(recipe.only("text"), train, valid, 1, training=TRAINING), train, valid


class Break(keras.callbacks.Callback):
    """As if the machine went down within the second epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == (1, 2):
            raise KeyboardInterrupt


def broken_fit(*args, callbacks, **kwargs):
    return mmkeras.fit(*args, callbacks=[*callbacks, Break()], **kwargs)


def weights_of(run):
    return run.model.get_weights()


def assert_same(ones, others):
    for one, other in zip(ones, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_was_cut_off_ends_as_an_unbroken_one(name, words, tmp_path, monkeypatch):
    def go_on(out, resume=False):
        keras.utils.set_random_seed(0)
        return STEPS[name](*words, epochs=4, out=out, training=TRAINING, resume=resume)

    before = weights_of(words[0])
    unbroken = go_on(tmp_path / "one")
    with monkeypatch.context() as patch:
        patch.setattr(tuning, "fit", broken_fit)
        with pytest.raises(KeyboardInterrupt):
            go_on(tmp_path / "two")
    resumed = go_on(tmp_path / "two", resume=True)
    assert_same(weights_of(resumed), weights_of(unbroken))
    for key in ("steps", "ranges"):
        assert resumed.about.get(key) == unbroken.about.get(key)
    finished = go_on(tmp_path / "two", resume=True)  # opens what is there
    assert_same(weights_of(finished), weights_of(unbroken))
    assert finished.about == mmkeras.load(tmp_path / "two").about == resumed.about
    assert_same(weights_of(words[0]), before)


@pytest.mark.parametrize("finished", [False, True])
def test_a_step_goes_on_only_as_it_began(finished, words, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        if not finished:
            patch.setattr(tuning, "fit", broken_fit)
        try:
            prune(*words, 0.5, 2, tmp_path, TRAINING)
        except KeyboardInterrupt:
            assert not finished
    with pytest.raises(ValueError, match=r"steps\.0\.sparsity was 0\.5, is 0\.6"):
        prune(*words, 0.6, 2, tmp_path, TRAINING, resume=True)
    with pytest.raises(ValueError, match=r"steps\.0"):
        cluster(*words, 8, 2, tmp_path, TRAINING, resume=True)


@pytest.mark.parametrize("name", STEPS)
def test_all_want_a_model_or_a_run_with_rows_and_epochs(name, words):
    run, train, valid = words
    step = STEPS[name]
    with pytest.raises(ValueError, match=r"at least one epoch\. Received: epochs=0"):
        step(run, train, valid, epochs=0)
    with pytest.raises(ValueError, match=r"a run learns from rows: .*\(run, train, valid\)"):
        step(run, train, None)
    with pytest.raises(TypeError, match="takes a Keras model, or a run of mmkeras"):
        step("model.keras")
