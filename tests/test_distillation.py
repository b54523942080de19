"""A run teaches a smaller model: by its answers to the training rows."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import mmkeras
from mmkeras import Audio, Classify, Image, Recipe, Regress, Text, Training, fit, load_manifest
from mmkeras.cli import app
from mmkeras.distillation import check_outputs, described, lesson_of
from mmkeras.evaluation import predict
from mmkeras.folder import LAST
from mmkeras.heads import HEADS
from mmkeras.heads.divergence import DIVERGENCES
from mmkeras.losses import Wanted
from mmkeras.taught import OfLabels, TaughtLoss, packed
from mmkeras.unfinished import Unfinished

QUICK = Training(batch_size=3, learning_rate=1e-2, checkpoint_s=0.0)
TOLD = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
SAID = np.array([[0.2, 0.5, 0.3], [0.3, 0.3, 0.4]], np.float32)


def apart(kind, teacher, student, temperature=1.0):
    teacher, student = (np.array([each], np.float32) for each in (teacher, student))
    return float(DIVERGENCES[kind](teacher, student, temperature)[0])


def test_every_head_can_be_taught():
    assert set(DIVERGENCES) == set(HEADS)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_who_says_the_same_is_at_distance_0_and_who_does_not_is_further(kind):
    answer, other = {
        "classify": ([0.2, 0.5, 0.3], [0.3, 0.5, 0.2]),
        "ordinal": ([0.2, 0.5, 0.3], [0.3, 0.5, 0.2]),
        "binary": ([0.8], [0.7]),
        "multilabel": ([0.8, 1.0], [0.8, 0.5]),
        "gaussian": ([3.0, 2.0], [3.0, 1.0]),
        "quantiles": ([1.0, 2.0, 3.0], [1.0, 2.0, 3.5]),
    }.get(kind, ([2.0], [3.0]))
    assert apart(kind, answer, answer, 3.0) == pytest.approx(0.0, abs=1e-6)
    assert apart(kind, answer, other, 3.0) > 0.01


def test_distances_are_those_of_the_textbook():
    # 0.75 log(0.75 / 0.5) + 0.25 log(0.25 / 0.5)
    assert apart("classify", [0.75, 0.25], [0.5, 0.5]) == pytest.approx(0.130812, rel=1e-4)
    assert apart("binary", [0.75], [0.5]) == pytest.approx(0.130812, rel=1e-4)
    assert apart("multilabel", [0.75, 0.5], [0.5, 0.5]) == pytest.approx(0.065406, rel=1e-4)
    # Above the first rank 0.75 against 0.5, above the second 0.5 for both.
    ranks = apart("ordinal", [0.25, 0.25, 0.5], [0.5, 0.0, 0.5])
    assert ranks == pytest.approx(0.065406, rel=1e-4)
    assert apart("regress", [2.0], [5.0]) == 9.0
    assert apart("count", [2.0], [1.0]) == pytest.approx(2 * np.log(2) - 1, rel=1e-5)
    assert apart("gaussian", [0.0, 1.0], [1.0, 1.0]) == 0.5
    assert apart("quantiles", [1.0, 3.0], [1.0, 5.0]) == 0.5


def test_a_temperature_softens_the_odds_and_is_made_up_for():
    # Odds of 81 to 1 become 3 to 1 at T = 4, those of 1 to 1 stay; T² = 16.
    expected = 16 * 0.130812
    assert apart("binary", [81 / 82], [0.5], 4.0) == pytest.approx(expected, rel=1e-4)
    assert apart("classify", [81 / 82, 1 / 82], [0.5, 0.5], 4.0) == pytest.approx(
        expected, rel=1e-4
    )


def test_of_probabilities_it_is_what_keras_computes_of_logits():
    keras_own = keras.distillation.LogitsDistillation(3.0, keras.losses.KLDivergence())
    expected = float(keras_own.compute_loss(np.log(TOLD), np.log(SAID)))
    found = DIVERGENCES["classify"](TOLD, SAID, 3.0)
    assert float(np.mean(found)) == pytest.approx(expected, rel=1e-4)


def taught_loss(share, temperature=1.0):
    return TaughtLoss(HEADS["classify"].loss(Classify(3)), "classify", share, temperature)


def test_a_row_without_a_label_learns_from_the_teacher_and_one_without_an_answer_from_its_label():
    taught = np.array([TOLD[0], [np.nan] * 3])
    both = packed(np.array([-1, 2]), taught)
    np.testing.assert_allclose(both[0], [0, 0, 1, 0.7, 0.2, 0.1], rtol=1e-6)
    np.testing.assert_array_equal(both[1], [1, 2, 0, 0, 0, 0])
    divergence = float(DIVERGENCES["classify"](TOLD[:1], SAID[:1], 2.0)[0])
    expected = 0.25 * -np.log(0.4) + 0.75 * divergence
    assert float(taught_loss(0.75, 2.0)(both, SAID)) == pytest.approx(expected, rel=1e-5)
    neither = packed(np.array([-1, -1]), np.full((2, 3), np.nan))
    assert float(taught_loss(0.75)(neither, SAID)) == 0.0


def test_labels_alone_are_judged_by_the_outputs_own_loss():
    ids = np.array([0, 2])
    assert float(taught_loss(0.9)(ids, SAID)) == pytest.approx(-np.log([0.2, 0.4]).mean(), rel=1e-5)


def test_accuracy_counts_the_labels_and_not_the_teacher():
    metric = OfLabels(keras.metrics.SparseCategoricalAccuracy("accuracy"))
    metric.update_state(packed(np.array([1, -1]), TOLD), SAID)
    assert (metric.name, float(metric.result())) == ("accuracy", 1.0)
    metric.update_state(np.array([0, 0]), SAID)
    assert float(metric.result()) == pytest.approx(1 / 3)


def test_loss_and_metric_survive_saving():
    both = packed(np.array([0, 2]), TOLD)
    for each in (taught_loss(0.3, 2.0), OfLabels(keras.metrics.SparseCategoricalAccuracy("hits"))):
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(each)))
        again = keras.saving.deserialize_keras_object(config)
        if isinstance(each, keras.losses.Loss):
            assert float(again(both, SAID)) == float(each(both, SAID))
        else:
            assert again.name == "hits"


# A teacher that sees and hears, and a student that reads.


@pytest.fixture(scope="module")
def data(tmp_path_factory, write_toys):
    path = write_toys(tmp_path_factory.mktemp("toys"))
    return load_manifest(path, "picture", "words", "sound", {"animal": "classify"}, "pair")


ANIMAL = {"animal": Classify(("cat", "dog"))}
STUDENT = Recipe({"text": Text("dense", length=4, vocabulary=300, units=8)}, ANIMAL, width=8)


@pytest.fixture(scope="module")
def teacher(data, tmp_path_factory):
    recipe = Recipe(
        inputs={
            "image": Image("cnn", (16, 16)),
            "text": Text("embedding", length=6, vocabulary=280),  # other token ids
            "audio": Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8),
        },
        outputs=ANIMAL,
        width=8,
        optional=("audio",),
    )
    out = tmp_path_factory.mktemp("teacher") / "run"
    return fit(recipe, *data.split()[:2], 3, out, replace(QUICK, augment=False))


def test_a_teachers_answers_are_those_of_its_own_model_and_preprocessing(teacher, data):
    rows = data.on_lines(data.lines[5:12])  # with and without a sound
    expected = predict(teacher, teacher.prepare(rows))["animal"]
    found = lesson_of(teacher, STUDENT, rows).taught["animal"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_row_that_the_teacher_cannot_take_has_no_answer(teacher, toy):
    rows = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    (toy.parent / "3.png").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match=r"3\.png"):
        found = lesson_of(teacher, STUDENT, rows).taught["animal"]
    assert np.flatnonzero(np.isnan(found[:, 0])).tolist() == [3]


def test_without_labels_a_student_learns_what_its_teacher_says(data, tmp_path):
    train, valid = data.split()[:2]
    words = replace(STUDENT, inputs={"text": Text("embedding", length=6, vocabulary=280)})
    unsure = fit(words, train, valid, 5, training=QUICK)
    told = lesson_of(unsure, STUDENT, train).taught["animal"]
    blank = replace(train, table=train.table.assign(animal=""))
    training = replace(QUICK, temperature=1.0)
    run = fit(STUDENT, blank, valid, 20, tmp_path / "run", training, teacher=unsure)
    assert run.about["rows"]["train"] == len(train)
    run = mmkeras.load(run.path)
    run.model.load_weights(run.path / LAST)  # the best ones are those that please the labels
    said = predict(run, run.prepare(train))["animal"]
    always_the_same = np.abs(told - told.mean(axis=0)).max()
    assert np.abs(said - told).max() < 0.6 * always_the_same


@pytest.fixture(scope="module")
def unbroken(teacher, data):
    return fit(STUDENT, *data.split()[:2], 4, training=QUICK, teacher=teacher)


def test_a_teacher_that_has_no_share_changes_nothing(teacher, data, unbroken):
    parts = data.split()[:2]
    plain = fit(STUDENT, *parts, 2, training=QUICK)
    told = fit(STUDENT, *parts, 2, training=replace(QUICK, teacher_share=0.0), teacher=teacher)
    for a, b in zip(plain.model.get_weights(), told.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(plain.history) == set(unbroken.history)
    assert plain.history["loss"][0] != unbroken.history["loss"][0]


class Broken(keras.callbacks.Callback):
    """Ends a training in its third epoch, as Ctrl-C does."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_a_training_goes_on_without_its_teacher(teacher, data, unbroken, tmp_path):
    parts, out = data.split()[:2], tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(STUDENT, *parts, 4, out, QUICK, [Broken()], teacher=teacher.path)
    stored = Unfinished.of(out).lesson().taught["animal"]
    said = lesson_of(teacher, STUDENT, parts[0]).taught["animal"]
    np.testing.assert_allclose(stored, said, rtol=1e-5)
    with pytest.raises(ValueError, match=r"begun otherwise: .*teacher\.sha256 was"):
        fit(STUDENT, *parts, 4, out, QUICK, resume=True, teacher=replace(teacher, path=None))
    run = mmkeras.resume(out)
    for a, b in zip(run.model.get_weights(), unbroken.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    about = mmkeras.load(out).about["teacher"]
    assert about == described(teacher)
    assert about["path"] == str(teacher.path)


def test_frozen_towers_and_outputs_that_are_balanced_can_be_taught(toy):
    targets = {"animal": "classify", "pair": "regress"}
    rows = load_manifest(toy, "picture", "words", None, targets, "pair")
    outputs = {**ANIMAL, "pair": Regress()}
    large = mmkeras.assemble(Recipe({"image": Image("cnn", (16, 16))}, outputs, width=8))
    image = Image("cnn", (8, 8), trainable=False)
    small = replace(STUDENT, inputs={**STUDENT.inputs, "image": image}, outputs=outputs)
    training = replace(QUICK, balance="uncertainty")
    teacher = mmkeras.Run(large, None, {}, {})
    run = fit(small, *rows.split()[:2], 1, training=training, teacher=teacher)
    assert np.isfinite(run.history["loss"]).all()


# What cannot be.


def test_outputs_and_labels_that_differ_are_named():
    def recipe(**outputs):
        return Recipe(STUDENT.inputs, outputs)

    teacher = recipe(animal=Classify(("cat", "cow")), age=Regress())
    with pytest.raises(ValueError, match=r"'sex' is no output of the teacher, .* animal, age"):
        check_outputs(teacher, recipe(sex=Classify(2)))
    with pytest.raises(ValueError, match=r"does not know: dog; 'animal' lacks .* the teacher: cow"):
        check_outputs(teacher, recipe(animal=Classify(("cat", "dog"))))
    with pytest.raises(ValueError, match=r"'animal' has the labels .* order: cat, cow there"):
        check_outputs(teacher, recipe(animal=Classify(("cow", "cat"))))
    with pytest.raises(ValueError, match="'age' is regress for the teacher and count here"):
        check_outputs(teacher, recipe(age=mmkeras.Count()))
    check_outputs(teacher, recipe(age=Regress(unit="years")))


def test_a_teacher_of_more_inputs_than_the_rows_have_says_which(teacher, toy):
    rows = load_manifest(toy, text="words", targets={"animal": "classify"}, group="pair")
    with pytest.raises(ValueError, match="the teacher takes 'image', 'audio' too"):
        fit(STUDENT, *rows.split()[:2], 1, training=QUICK, teacher=teacher)


def test_a_teacher_that_learned_from_test_rows_is_warned_of(teacher, data):
    valid, train = data.split()[:2]
    with pytest.warns(UserWarning, match=r"learned from .* rows of .* that are test rows here"):
        fit(STUDENT, train, data.on_lines(valid.lines[:2]), 1, training=QUICK, teacher=teacher)


def test_shares_and_temperatures_have_a_range():
    with pytest.raises(ValueError, match=r"teacher_share is a share.* Received: 1\.5"):
        Wanted(teacher_share=1.5)
    with pytest.raises(ValueError, match=r"temperature is above 0.* Received: 0"):
        Wanted(temperature=0)


def test_the_command_takes_a_teacher(teacher, data, tmp_path):
    out = tmp_path / "run"
    options = ["--image", "picture", "--text", "words", "--audio", "sound", "--group", "pair"]
    sizes = ["width=8", "image.size_px=16x16", "text.vocabulary=280", "optional=audio"]
    settings = [part for size in sizes for part in ("--set", size)]
    command = ["train", data.path, *options, *settings, "--target", "animal", "--epochs", 1]
    command += ["--teacher", teacher.path, "--out", out]
    done = CliRunner().invoke(app, list(map(str, command)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert mmkeras.load(out).about["teacher"]["path"] == str(teacher.path)
