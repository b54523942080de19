"""A student learns what its teacher fuses, by a head that nothing of is left."""

from dataclasses import replace

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Classify, Image, Recipe, Text, Training, assemble, build_model, fit
from mmkeras.distillation import lesson_of
from mmkeras.evaluation import predict
from mmkeras.hint import Hint, check_fused, fused_vector, hinted, standardised
from mmkeras.modality_balance import towers_of
from mmkeras.prepare import prepare
from mmkeras.recipe import FUSED
from mmkeras.tokenizer import tokenizer_for
from mmkeras.unfinished import Unfinished

ANIMAL = {"animal": Classify(("cat", "dog"))}
QUICK = Training(batch_size=4, learning_rate=1e-2, checkpoint_s=0.0, teacher_features=1.0)


def test_the_distance_is_that_of_a_projection_over_rows_that_have_a_vector():
    """Of row 0: ((3 - 1)² + (2 - 2)²) / 2 = 2, times the weight of 0.5; row 1 has none."""
    hint = Hint(weight=0.5)
    fused = np.array([[1.0, 2.0], [5.0, 7.0]], np.float32)
    told = np.array([[3.0, 2.0], [np.nan, np.nan]], np.float32)
    hint.build(fused.shape, told.shape)
    hint.set_weights([np.eye(2), np.zeros(2)])
    np.testing.assert_array_equal(hint(fused, told, training=True), fused)
    assert [float(loss) for loss in hint.losses] == [1.0]
    hint(fused, np.full_like(told, np.nan), training=True)
    assert [float(loss) for loss in hint.losses] == [0.0]
    hint(fused, told, training=False)
    assert hint.losses == []


def test_vectors_have_a_deviation_of_1_in_each_place_that_changes():
    found = standardised(np.array([[1.0, 5.0, 10.0], [3.0, 5.0, 30.0]], np.float32))
    np.testing.assert_allclose(found, [[-1.0, -1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match="the same for each row: there is nothing to learn"):
        standardised(np.ones((3, 2), np.float32))


@pytest.fixture(scope="module")
def parts(tmp_path_factory, write_toys):
    path = write_toys(tmp_path_factory.mktemp("toys"))
    targets = {"animal": "classify"}
    return mmkeras.load_manifest(path, "picture", "words", "sound", targets, "pair").split()[:2]


@pytest.fixture(scope="module")
def teacher():
    """It has learned nothing, but says other things of cats than of dogs."""
    keras.utils.set_random_seed(1)
    recipe = Recipe({"image": Image("cnn", (16, 16))}, ANIMAL, width=6)
    return mmkeras.Run(assemble(recipe), None, {}, {})


def student():
    """A model of words and of pictures; the tower of the latter came with weights."""
    keras.utils.set_random_seed(0)
    tower = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 3, strides=4, activation="relu"),
        ]
    )
    return build_model(
        image=Image(tower, (8, 8)),
        text=Text("dense", length=4, vocabulary=300, units=8),
        outputs=ANIMAL,
        width=8,
    )


def test_a_teachers_vectors_are_what_its_fusion_gives(teacher, parts):
    data = prepare(parts[0], teacher.recipe)
    model = keras.Model(teacher.model.input, fused_vector(teacher.model))
    vectors = model.predict(data.feed(), verbose=0)
    found = lesson_of(teacher, teacher.recipe, parts[0], features=True).fused
    np.testing.assert_allclose(found, standardised(vectors), atol=1e-4)


def test_a_hint_changes_no_answer_and_is_of_no_tower(teacher, parts):
    model = student()
    copy, recipe = hinted(model, 3, 1.0), mmkeras.recipe_of(model)
    rows = prepare(parts[0], recipe, tokenizer_for(recipe, parts[0]))
    feed = {**rows.feed(), FUSED: np.zeros((len(rows), 3), np.float32)}
    np.testing.assert_array_equal(copy(feed)["animal"], model(rows.feed())["animal"])
    assert towers_of(copy, recipe).keys() == towers_of(model, recipe).keys()


class Broken(keras.callbacks.Callback):
    """Ends a training in its fourth epoch, as Ctrl-C does."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt


def test_it_goes_on_exactly_and_leaves_nothing_behind(teacher, parts, tmp_path):
    """In both phases, with averages, a soup, a balance of modalities and no answers."""
    training = replace(
        QUICK, ema=0.9, soup=2, frozen_share=0.5, modality_balance="ogm", teacher_share=0.0
    )
    whole = fit(student(), *parts, 4, tmp_path / "whole", training, teacher=teacher)
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        fit(student(), *parts, 4, out, training, [Broken()], teacher=teacher)
    assert Unfinished.of(out).state().position.phase == 1
    run = mmkeras.resume(out)
    for a, b in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    plain = student()
    assert [layer.name for layer in run.model.layers] == [layer.name for layer in plain.layers]
    loaded = mmkeras.load(out)
    for model in (loaded.model, run.model):
        assert set(model.input) == {"image", "text"}
    rows = run.prepare(parts[1])
    np.testing.assert_allclose(predict(loaded, rows)["animal"], predict(whole, rows)["animal"])
    plain.load_weights(out / "last.weights.h5")


def test_rows_without_labels_come_nearer_to_the_teacher(teacher, parts):
    """Alone in the loss, the distance begins at 1, which is that of the mean."""
    train, valid = parts
    blank = replace(train, table=train.table.assign(animal=""))
    training = replace(QUICK, teacher_share=0.0)
    history = fit(student(), blank, valid, 20, training=training, teacher=teacher).history
    assert history["loss"][-1] < 0.5 < 0.9 < history["loss"][0]
    assert history["val_loss"][0] < 1.0  # that of the labels alone


def test_what_has_no_teacher_and_what_fuses_nothing_is_refused(teacher, parts):
    with pytest.raises(ValueError, match="teacher_features=1 wants a teacher to learn from; give"):
        fit(student(), *parts, 1, training=QUICK)
    late = Recipe(teacher.recipe.inputs, ANIMAL, fusion="vote")
    with pytest.raises(ValueError, match="the student's fusion, 'vote', joins answers, not feat"):
        check_fused({"teacher": teacher.recipe, "student": late})
    with pytest.raises(ValueError, match=r"teacher_features is 0 .* or more; 1 is a start.*: -1"):
        Training(teacher_features=-1)
    with pytest.raises(ValueError, match="'hint' cannot name an input or output"):
        Recipe({"hint": Text()}, ANIMAL)
