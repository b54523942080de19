import dataclasses
import json
import os

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Run, Training, assemble, fit, load, load_manifest
from mmkeras.dataset import Batches
from mmkeras.prepare import prepare
from mmkeras.tokenizer import tokenizer_for, train_tokenizer
from mmkeras_edge.text import read_tokenizer

QUICK = Training(batch_size=4, learning_rate=1e-2, augment=False)


@pytest.fixture
def data(toy):
    return load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")


@pytest.fixture
def parts(data):
    return data.split()


@pytest.fixture
def words(recipe):
    """The captions tell cats from dogs, and a model of them alone is traced in a second."""
    return recipe.only("text")


@pytest.fixture
def model(words):
    keras.utils.set_random_seed(0)
    return assemble(words)


class Epochs(keras.callbacks.Callback):
    """Counts the epochs that began, and does something at the begin of one."""

    def __init__(self, at=None, act=None):
        super().__init__()
        self.begun = 0
        self.at = at
        self.act = act

    def on_epoch_begin(self, epoch, logs=None):
        self.begun += 1
        if epoch == self.at:
            self.act(self.model)


def stop(model):
    raise KeyboardInterrupt


def forget(model):
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])


def test_twenty_toys_are_learned(model, data, parts):
    train, valid, test = parts
    run = fit(model, train, valid, epochs=12, training=QUICK)
    assert mmkeras.evaluate(run, test).accuracy == {"animal": 1.0}
    assert len(run.history["val_loss"]) == 12


def test_the_best_epoch_is_kept_not_the_last(model, parts):
    train, valid, _ = parts
    run = fit(model, train, valid, epochs=4, training=QUICK, callbacks=[Epochs(3, forget)])
    losses = run.history["val_loss"]
    assert losses[3] > min(losses)
    now = model.evaluate(Batches(run.prepare(valid)), verbose=0, return_dict=True)
    assert now["loss"] == pytest.approx(min(losses), rel=1e-4)


def test_the_same_seed_gives_the_same_weights(recipe, parts):
    """With dropout, augmentation, and sounds that are absent or taken away."""
    train, valid, _ = parts

    def weights():
        keras.utils.set_random_seed(1)
        training = dataclasses.replace(QUICK, augment=True, seed=1)
        model = assemble(recipe.only("text", "audio"))
        return fit(model, train, valid, 2, training=training).model.get_weights()

    for a, b in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_tokenizer_knows_the_training_rows_alone(model, data):
    cats, dogs = data.rows(range(0, 20, 2)), data.rows(range(1, 20, 2))
    run = fit(model, cats, dogs, epochs=1, training=QUICK)
    tokenizer = read_tokenizer(run.tokenizer_json)
    assert tokenizer.encode("cat").tokens == ["Ġcat"]
    assert len(tokenizer.encode("dog").tokens) > 1


def test_a_validation_row_of_an_unknown_class_is_reported_and_left_out(model, toy, data):
    toy.write_text(toy.read_text().replace("dog,19", "horse,19"))
    other = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"})
    with pytest.warns(UserWarning, match=r":21: animal: the model knows no class 'horse'"):
        run = fit(model, data.rows(range(10)), other.rows(range(10, 20)), 1, training=QUICK)
    assert run.about["rows"] == {"train": 10, "valid": 9}


def test_a_stored_run_answers_alike_when_it_is_loaded(model, parts, tmp_path):
    train, valid, test = parts
    run = fit(model, train, valid, epochs=2, out=tmp_path / "runs/toys", training=QUICK)
    loaded = load(tmp_path / "runs/toys")
    assert run.path == loaded.path == tmp_path / "runs/toys"
    assert loaded.recipe == run.recipe
    assert loaded.tokenizer_json == run.tokenizer_json
    assert loaded.history == {name: pytest.approx(run.history[name]) for name in run.history}
    assert loaded.about == json.loads(json.dumps(run.about))
    feed = run.prepare(test).feed()
    np.testing.assert_array_equal(loaded.model(feed)["animal"], run.model(feed)["animal"])


def test_a_run_says_what_made_it(model, parts, tmp_path):
    train, valid, _ = parts
    about = fit(model, train, valid, epochs=1, training=QUICK).about
    assert about["training"]["learning_rate"] == 1e-2
    assert (about["epochs"], about["rows"]) == (1, {"train": len(train), "valid": len(valid)})
    assert about["versions"]["keras"] == keras.__version__


def test_a_run_finds_its_rows_again(model, parts, tmp_path):
    fit(model, *parts[:2], epochs=1, out=tmp_path / "run", training=QUICK)
    run = load(tmp_path / "run")
    for name, part in zip(("train", "valid", "test"), parts, strict=True):
        assert run.rows(name).lines == part.lines
    with pytest.raises(ValueError, match="unknown split 'tset'; did you mean 'test'"):
        run.rows("tset")


def test_rows_of_a_changed_manifest_are_refused(model, parts, toy):
    run = fit(model, *parts[:2], epochs=1, training=QUICK)
    toy.write_text(toy.read_text() + "0.png,A black cat.,,cat,20\n")
    with pytest.raises(ValueError, match=r"toy\.csv has changed since the training; name the rows"):
        run.rows("test")
    assert len(run.manifest()) == 21


def test_rows_of_two_manifests_are_found_each_in_its_own(model, toy, parts, tmp_path):
    lines = toy.read_text().splitlines()
    other = toy.with_name("other.csv")
    other.write_text("\n".join([lines[0], *lines[:0:-1]]) + "\n")  # the rows in another order
    valid = load_manifest(other, "picture", "words", "sound", {"animal": "classify"})
    fit(model, parts[0], valid.rows(range(3)), 1, tmp_path / "run", QUICK)
    run = load(tmp_path / "run")
    assert run.rows("valid").path == other
    assert run.rows("valid").cells("animal") == ["dog", "cat", "dog"]
    assert run.rows("train").lines == parts[0].lines
    assert len(run.rows("test")) == 20 - len(parts[0])  # none of them was chosen by


def test_a_manifest_that_vanishes_while_training_costs_no_run(model, parts, toy, tmp_path):
    callback = Epochs(0, lambda model: toy.unlink())
    fit(model, *parts[:2], 1, tmp_path / "run", QUICK, callbacks=[callback])
    assert load(tmp_path / "run").about["data"]["path"] == str(toy)


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_ctrl_c_before_anything_was_learned_leaves_nothing_behind(model, parts, tmp_path):
    out = tmp_path / "runs/new"
    before = content(tmp_path)
    with pytest.raises(KeyboardInterrupt, match="stopped; nothing was stored yet"):
        fit(model, *parts[:2], 2, out, QUICK, callbacks=[Epochs(0, stop)])
    assert content(tmp_path) == before
    assert not out.exists()


def test_ctrl_c_leaves_an_older_run_as_it_was(model, parts, tmp_path):
    out = tmp_path / "run"
    fit(model, *parts[:2], 1, out, QUICK)
    before = content(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit(model, *parts[:2], 2, out, QUICK, callbacks=[Epochs(1, stop)])
    assert {**content(tmp_path), **before} == content(tmp_path)
    assert len(load(out).history["loss"]) == 1
    fit(model, *parts[:2], 2, out, QUICK, resume=True)
    assert len(load(out).history["loss"]) == 2  # and is replaced when all goes well


class Interrupting(dict):
    """A history whose writing ends with Ctrl-C, when the model is already written."""

    def values(self):
        raise KeyboardInterrupt


def test_ctrl_c_while_storing_leaves_nothing_behind(model, tmp_path):
    run = Run(model, None, {"loss": [1.0]}, {})
    run.save(tmp_path / "old")
    before = content(tmp_path)
    for name in ("old", "new"):
        with pytest.raises(KeyboardInterrupt):
            dataclasses.replace(run, history=Interrupting(loss=[2.0])).save(tmp_path / name)
    assert content(tmp_path) == before
    assert os.listdir(tmp_path) == ["old"]


def test_a_training_that_diverges_is_an_error_and_stores_nothing(model, parts, tmp_path):
    wild = dataclasses.replace(QUICK, learning_rate=float("inf"))
    with pytest.raises(ValueError, match=r"no number any more in epoch 1; .*learning_rate=inf"):
        fit(model, *parts[:2], epochs=2, out=tmp_path / "run", training=wild)
    assert not list(tmp_path.glob("run*"))


def test_a_folder_of_something_else_is_refused_before_the_training(model, parts, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("dear")
    epochs = Epochs()
    with pytest.raises(FileExistsError, match=r"mine' exists and is no run; choose another"):
        fit(model, *parts[:2], 1, mine, QUICK, callbacks=[epochs])
    assert epochs.begun == 0
    assert [p.name for p in mine.iterdir()] == ["diary.txt"]


def test_what_lies_beside_a_run_outlives_the_next_one(model, parts, tmp_path):
    out = tmp_path / "run"
    fit(model, *parts[:2], 1, out, QUICK)
    (out / "app.tflite").write_text("mine")
    (out / "logs").mkdir()  # of the older training
    fit(model, *parts[:2], 2, out, QUICK)
    assert len(load(out).history["loss"]) == 2
    assert sorted(p.name for p in out.iterdir()) == [
        "app.tflite", "history.csv", "history.png", "last.weights.h5", "model.keras",
        "recipe.json", "run.json", "tokenizer.json",
    ]  # fmt: skip


def test_a_finished_run_is_opened_only_for_what_it_was_trained_with(words, parts, tmp_path):
    out = tmp_path / "run"
    fit(words, *parts[:2], 1, out, dataclasses.replace(QUICK, batch_size="auto"))
    epochs = Epochs()
    again = dataclasses.replace(QUICK, batch_size="auto")  # whatever number was found
    run = fit(words, *parts[:2], 1, out, again, callbacks=[epochs], resume=True)
    assert (epochs.begun, run.about["training"]["batch_size"]) == (0, 8)
    with pytest.raises(ValueError, match=r"trained otherwise: epochs was 1, is 2\. Ask"):
        fit(words, *parts[:2], 2, out, again, resume=True)
    wider = dataclasses.replace(words, width=9)
    with pytest.raises(ValueError, match=r"trained otherwise: recipe\.width was 8, is 9\."):
        fit(wider, *parts[:2], 1, out, again, resume=True)
    with pytest.raises(ValueError, match="trained otherwise: the valid rows are others"):
        fit(words, parts[0], parts[2], 1, out, again, resume=True)


def test_a_training_killed_before_its_first_checkpoint_is_begun_anew(model, parts, tmp_path):
    out = tmp_path / "run"
    fit(model, *parts[:2], 1, out, QUICK)
    (out / "checkpoint").mkdir()
    (out / "checkpoint/plan.json").write_text("{}")  # of a training of 2 epochs
    with pytest.raises(FileNotFoundError, match="before it had learned something; begin it again"):
        mmkeras.resume(out)
    run = fit(model, *parts[:2], 2, out, QUICK, resume=True)
    assert len(run.history["loss"]) == 2


def test_no_epochs_are_an_error(model, parts):
    with pytest.raises(ValueError, match=r"wanted an epoch or more\. Received: 0"):
        fit(model, *parts[:2], epochs=0)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"' is no run: no run\.json in it"):
        load(tmp_path)


def test_prepared_rows_train_as_their_manifest_does(words, parts):
    train, valid, _ = parts
    tokenizer_json = tokenizer_for(words, train)
    prepared = [prepare(part, words, tokenizer_json) for part in (train, valid)]
    weights = []
    for given in ((train, valid), prepared):
        keras.utils.set_random_seed(0)
        weights.append(fit(assemble(words), *given, 1, training=QUICK).model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_rows_prepared_for_another_model_are_refused(model, words, parts):
    train, valid, _ = parts
    other = prepare(valid, words, train_tokenizer(["something else"], 270))
    with pytest.raises(ValueError, match="prepared with another tokenizer"):
        fit(model, train, other, 1, training=QUICK)
    longer = dataclasses.replace(words, inputs={"text": mmkeras.Text(length=9, vocabulary=300)})
    wrong = prepare(train, longer, tokenizer_for(longer, train))
    with pytest.raises(ValueError, match="'text' was prepared with length=9, and the model wants"):
        fit(model, wrong, valid, 1, training=QUICK)


def test_a_baseline_trains_on_rows_prepared_for_all_inputs(recipe, words, parts):
    tokenizer_json = tokenizer_for(recipe, parts[0])
    train, valid, test = (prepare(part, recipe, tokenizer_json) for part in parts)
    run = fit(assemble(words), train, valid, epochs=1, training=QUICK)
    assert list(run.model.input) == ["text"]
    assert mmkeras.evaluate(run, test).rows == len(test)


def test_training_writes_a_line_an_epoch_where_there_is_no_terminal(model, parts, capfd):
    fit(model, *parts[:2], epochs=2, training=QUICK)
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.split()[0] for line in err.splitlines()] == ["epoch", "1/2", "2/2"]
