"""A training that is broken off goes on as if nothing had been."""

import dataclasses
import errno
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from mmkeras import Regress, Training, build_model, fit, load, load_manifest, resume
from mmkeras.checkpoint import Position, State
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


class At(keras.callbacks.Callback):
    """Does something at the begin of a batch of an epoch."""

    def __init__(self, epoch, batch, act):
        super().__init__()
        self._at = (epoch, batch)
        self._act = act

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self._epoch, batch) == self._at:
            self._act(self.model)


def stop(model):
    raise KeyboardInterrupt


def spoil(model):
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])


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
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[At(*at, stop)])
    assert Unfinished.of(out).state().position.epoch == at[0]
    assert_alike(fit(words, *parts, EPOCHS, out, QUICK, resume=True), unbroken)
    assert not (out / "checkpoint").exists()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="gradnorm is TensorFlow's")
@pytest.mark.parametrize("balance", [{"balance": "gradnorm"}, {"modality_balance": "ogm"}])
def test_what_balances_goes_on_from_within_an_epoch(words, toy, tmp_path, balance):
    """Of 7 steps an epoch; the paces are set in step 10, which is batch 3 of epoch 1."""
    targets = {"animal": "classify", "pair": "regress"}
    parts = load_manifest(toy, None, "words", "sound", targets).split()[:2]
    both = dataclasses.replace(words, outputs={**words.outputs, "pair": Regress()})
    quick = dataclasses.replace(QUICK, batch_size=2, **balance)
    whole = fit(both, *parts, 3, training=quick)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(both, *parts, 3, out, quick, callbacks=[At(1, 3, stop)])
    position = Unfinished.of(out).state().position
    assert (position.epoch, position.batch) == (1, 3)
    assert [state["step"] for state in position.states.values() if "step" in state] == [10]
    assert_alike(resume(out), (whole.model.get_weights(), whole.history))


class End(keras.callbacks.Callback):
    """Ends a training after an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == self._epoch


def test_a_training_that_a_callback_ends_is_at_its_end_after_a_break_too(
    words, parts, tmp_path, monkeypatch
):
    def full(*arguments):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[At(1, 2, stop)])
    with monkeypatch.context() as patch:
        patch.setattr("mmkeras.run.draw_history", full)
        with pytest.raises(OSError, match=r"disk is full; .*run' keeps epoch 2: go on with resume"):
            resume(out, callbacks=[End(1)])
    state = Unfinished.of(out).state()
    state.position.history["seconds"][0] = 100.0
    state.save(Unfinished.of(out).state_path)
    run = resume(out)
    assert len(run.history["loss"]) == 2
    assert run.about["seconds"] > 100.0


def test_the_folder_alone_is_enough_to_go_on(words, parts, unbroken, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(words, *parts, EPOCHS, tmp_path / "run", QUICK, callbacks=[At(3, 2, stop)])
    with pytest.raises(FileNotFoundError, match="run' is not finished; go on with it: mmkeras tra"):
        load(tmp_path / "run")
    assert_alike(resume(tmp_path / "run"), unbroken)
    with pytest.raises(FileNotFoundError, match="no unfinished training"):
        resume(tmp_path / "run")


SCRIPT = """
import sys
from mmkeras.quiet import import_keras

import_keras()
import mmkeras

manifest, out = sys.argv[1:]
data = mmkeras.load_manifest(manifest, text="words", targets={"animal": "classify"}, group="pair")
train, valid, _ = data.split()
recipe = mmkeras.Recipe(
    {"text": mmkeras.Text(length=4, vocabulary=300)}, {"animal": data.task("animal")}, width=8
)
training = mmkeras.Training(batch_size=2, learning_rate=1e-2, checkpoint_s=0.0, ema=0.9, soup=2)
print("training", flush=True)
mmkeras.fit(recipe, train, valid, 8, out, training, resume=True)
"""


def started(toy, out):
    """A process that trains, when Keras is there and `fit` begins."""
    command = [sys.executable, "-c", SCRIPT, str(toy), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def test_a_training_killed_again_and_again_ends_with_the_same_weights(toy, tmp_path):
    """By kill -9, wherever it is; each start goes on from what the one before has left."""
    random = np.random.default_rng(0)
    with started(toy, tmp_path / "unbroken") as process:
        begun_s = time.monotonic()
        process.wait()
        whole_s = time.monotonic() - begun_s
    for _ in range(3):
        with started(toy, tmp_path / "run") as process:
            time.sleep(random.uniform(0.3, 0.8) * whole_s)
            process.kill()
    with started(toy, tmp_path / "run") as process:
        pass
    assert process.returncode == 0
    unbroken, run = (load(tmp_path / name) for name in ("unbroken", "run"))
    assert_alike(run, (unbroken.model.get_weights(), unbroken.history))


def test_a_training_goes_on_only_with_what_it_was_begun_with(words, parts, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[At(1, 1, stop)])
    with pytest.raises(FileExistsError, match="has an unfinished training; go on with resume"):
        fit(words, *parts, EPOCHS, out, QUICK)
    other = dataclasses.replace(QUICK, batch_size=5, learning_rate=1e-3)
    with pytest.raises(ValueError, match=r"begun otherwise: training\.batch_size was 3, is 5\. Go"):
        fit(words, *parts, EPOCHS, out, other, resume=True)
    slower = dataclasses.replace(QUICK, learning_rate=1e-3)  # the cure for a loss that is no number
    assert fit(words, *parts, EPOCHS, out, slower, resume=True).about["training"]["batch_size"] == 3


def test_a_full_disk_is_named_and_costs_no_stored_state(words, parts, tmp_path, monkeypatch):
    out = tmp_path / "run"

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    filled = At(1, 2, lambda model: monkeypatch.setattr("mmkeras.checkpoint.os.fsync", full))
    with pytest.raises(OSError, match=r"disk is full; .*run' keeps epoch 1: go on with resume"):
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[filled])
    assert Unfinished.of(out).state().position.epoch == 1


def test_no_room_for_a_first_batch_says_what_to_lower(words, parts, tmp_path, monkeypatch):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr("mmkeras.train.batch_size_for", full)
    auto = dataclasses.replace(QUICK, batch_size="auto")
    with pytest.raises(MemoryError, match=r"nothing was stored yet\. Lower batch_size=auto"):
        fit(words, *parts, EPOCHS, tmp_path / "run", auto)
    assert not (tmp_path / "run").exists()


def test_weights_that_are_no_numbers_are_no_state_to_go_on_from():
    values = {"model/0": np.array([1.0, 2.0]), "metrics/0": np.array(0.0), "model/1": np.array(7)}
    assert State(Position(), values).finite
    for name in ("model/0", "optimizer/3", "metrics/0"):
        assert not State(Position(), {**values, name: np.array([1.0, np.nan])}).finite


def test_a_figure_that_some_epochs_do_not_have_is_no_number_there(words, parts, tmp_path):
    class Sometimes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                logs["mine"] = 0.5

    fit(words, *parts, 3, tmp_path / "run", QUICK, callbacks=[Sometimes()])
    np.testing.assert_array_equal(load(tmp_path / "run").history["mine"], [np.nan, 0.5, np.nan])


def test_a_loss_that_is_no_number_keeps_the_last_good_state(words, parts, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=r"no number any more in epoch 3; .*epoch 2.* Lower"):
        fit(words, *parts, EPOCHS, out, QUICK, callbacks=[At(2, 0, spoil)])
    values = Unfinished.of(out).state().values
    assert all(np.isfinite(value).all() for value in values.values())


@pytest.fixture
def brought(recipe):
    """Makes a model whose pictures go through a tower that somebody has trained."""

    def model():
        keras.utils.set_random_seed(0)
        tower = keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.Conv2D(4, 3, strides=4),
                keras.layers.BatchNormalization(),
            ]
        )
        image = dataclasses.replace(recipe.inputs["image"], branch=tower, size_px=(16, 16))
        text, outputs = recipe.inputs["text"], recipe.outputs
        return build_model(image=image, text=text, outputs=outputs, width=8)

    return model


def test_a_callback_that_ends_a_training_ends_it_in_both_phases(brought, parts):
    half = dataclasses.replace(QUICK, frozen_share=0.5)
    run = fit(brought(), *parts, EPOCHS, training=half, callbacks=[End(0)])
    assert len(run.history["loss"]) == 1


@pytest.mark.parametrize("at", [(1, 1), (3, 1)], ids=["while it is frozen", "while it is tuned"])
def test_towers_that_came_with_weights_go_on_in_their_phase(brought, parts, tmp_path, at):
    seen = {}

    class Watch(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen[epoch] = {layer.name for layer in self.model.layers if layer.trainable_variables}

    half = dataclasses.replace(QUICK, frozen_share=0.5)
    whole = fit(brought(), *parts, EPOCHS, training=half, callbacks=[Watch()])
    assert ["image_backbone" in seen[epoch] for epoch in range(4)] == [False, False, True, True]
    with pytest.raises(KeyboardInterrupt):
        fit(brought(), *parts, EPOCHS, tmp_path / "run", half, callbacks=[At(*at, stop)])
    assert Unfinished.of(tmp_path / "run").state().position.phase == at[0] // 2
    assert_alike(resume(tmp_path / "run"), (whole.model.get_weights(), whole.history))
