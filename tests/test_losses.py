"""Losses that smooth, focus and weigh labels, beside the heads' own."""

import json

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Binary, Classify, MultiLabel, Ordinal, Regress
from mmkeras.balance import losses_for
from mmkeras.heads import HEADS
from mmkeras.heads.ordinal import RankLoss
from mmkeras.heads.shaped import ClassLoss, Shape, YesNoLoss
from mmkeras.losses import Wanted, balanced_weights, loss_of_each
from mmkeras.recipe import Recipe

PETS = Classify(("ant", "bee", "cat"))
TOLD = np.array([[0.25, 0.5, 0.25]], np.float32)
BEE = np.array([1])


def recipe_for(**outputs):
    return Recipe(inputs={"text": mmkeras.Text(length=4)}, outputs=outputs, width=8)


def losses_of(wanted, targets=None, **outputs):
    return loss_of_each(keras.Sequential(), recipe_for(**outputs), wanted, targets)


def test_a_smoothed_loss_is_the_cross_entropy_with_a_softened_truth():
    # 0.7 + 0.1 of log 2, and 0.1 of log 4, twice
    found = ClassLoss(Shape(smoothing=0.3))(BEE, TOLD)
    assert float(found) == pytest.approx(0.8 * np.log(2) + 0.2 * np.log(4), rel=1e-5)


def test_a_smoothed_loss_is_that_of_keras_with_dense_labels():
    random = np.random.default_rng(0)
    told = random.dirichlet(np.ones(5), 8).astype(np.float32)
    ids = random.integers(0, 5, 8)
    wanted = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)(np.eye(5)[ids], told)
    found = ClassLoss(Shape(smoothing=0.1))(ids, told)
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)


def test_a_focal_loss_counts_what_is_right_already_by_the_square_of_what_is_missing():
    found = ClassLoss(Shape(gamma=2.0))(BEE, TOLD)
    assert float(found) == pytest.approx(0.25 * np.log(2), rel=1e-5)
    sure = np.array([[0.05, 0.9, 0.05]], np.float32)
    assert float(ClassLoss(Shape(gamma=2.0))(BEE, sure)) == pytest.approx(
        -0.01 * np.log(0.9), rel=1e-4
    )


def test_a_focal_loss_of_yes_and_no_is_that_of_keras():
    random = np.random.default_rng(0)
    told = random.uniform(size=(8, 3)).astype(np.float32)
    truth = random.integers(0, 2, (8, 3)).astype(np.float32)
    wanted = keras.losses.BinaryFocalCrossentropy(gamma=2.0)(truth, told)
    found = YesNoLoss(Shape(gamma=2.0))(truth, told)
    assert float(found) == pytest.approx(float(wanted), rel=1e-5)


def test_a_class_weight_multiplies_the_loss_of_its_rows():
    weighed = ClassLoss(Shape(weights=(1.0, 3.0, 1.0)))
    assert float(weighed(BEE, TOLD)) == pytest.approx(3 * np.log(2), rel=1e-5)
    told, truth = np.array([[0.5, 0.5]], np.float32), np.array([[1.0, 0.0]], np.float32)
    found = YesNoLoss(Shape(weights=((1.0, 4.0), (2.0, 1.0))))(truth, told)
    assert float(found) == pytest.approx((4 + 2) / 2 * np.log(2), rel=1e-5)
    low = np.array([0])
    grades = RankLoss(weights=(5.0, 1.0, 1.0))(low, TOLD)
    assert float(grades) == pytest.approx(5 * float(RankLoss()(low, TOLD)), rel=1e-5)


def test_balanced_weights_are_those_of_scikit_learn():
    compute = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    ids = np.array([0, 0, 0, 1, 2, 2, -1], np.int32)  # the last is not known
    wanted = compute("balanced", classes=np.arange(3), y=ids[:-1])
    np.testing.assert_allclose(balanced_weights(PETS, ids), wanted)


def test_each_label_of_several_has_its_own_balance_and_unknown_rows_do_not_count():
    nan = np.nan
    values = np.array([[1, 0], [1, 0], [1, 1], [0, 0], [nan, nan]], np.float32)
    found = balanced_weights(MultiLabel(("wet", "cold")), values)
    np.testing.assert_allclose(found, [(4 / 2, 4 / 6), (4 / 6, 4 / 2)])


def test_a_class_that_never_occurs_weighs_1():
    assert balanced_weights(PETS, np.array([0, 0, 2], np.int32)) == (0.75, 1.0, 1.5)


SHAPED = {
    "classify": (PETS, np.array([0, 2], np.int32)),
    "binary": (Binary(), np.array([[1.0], [0.0]], np.float32)),
    "multilabel": (MultiLabel(2), np.array([[1, 0], [1, 1]], np.float32)),
    "ordinal": (Ordinal(3), np.array([0, 2], np.int32)),
}


@pytest.mark.parametrize("kind", SHAPED)
def test_every_head_trains_with_all_it_can_compiled_and_its_loss_loads_again(kind, tmp_path):
    task, truth = SHAPED[kind]
    wanted = Wanted("focal", "balanced", 0.1)
    loss = losses_of(wanted, {"y": truth, "z": SHAPED["classify"][1]}, y=task, z=PETS)["y"]
    keras.utils.set_random_seed(0)
    start = keras.Input((3,), name="x")
    logits = keras.layers.Dense(HEADS[kind].units(task))(start)
    model = keras.Model(start, HEADS[kind].read(task, "y")(logits))
    model.compile(keras.optimizers.Adam(0.1), loss=loss, jit_compile=True)
    x = np.array([[1, 0, 1], [0, 1, 1]], np.float32)
    before = model.evaluate(x, truth, verbose=0)
    model.fit(x, truth, epochs=15, verbose=0)
    after = model.evaluate(x, truth, verbose=0)
    assert after < 0.7 * before
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.evaluate(x, truth, verbose=0) == pytest.approx(after, rel=1e-5)
    plain = json.loads(json.dumps(loss.get_config()))
    assert float(type(loss)(**plain)(truth, model(x))) == pytest.approx(after, rel=1e-4)


@pytest.mark.parametrize("kind", ["classify", "binary", "multilabel"])
def test_certain_answers_right_or_wrong_have_finite_losses_and_gradients(kind):
    task, truth = SHAPED[kind]
    start = keras.Input((1,))
    logits = keras.layers.Dense(HEADS[kind].units(task), kernel_initializer="ones")(start)
    model = keras.Model(start, HEADS[kind].read(task, "y")(logits))
    model.compile(
        keras.optimizers.SGD(1e-3),
        loss=losses_of(Wanted("focal", label_smoothing=0.1), y=task)["y"],
    )
    for sign in (1e3, -1e3):
        found = model.train_on_batch(np.full((2, 1), sign, np.float32), truth)
        assert np.isfinite(found)
    assert all(np.isfinite(np.asarray(w.value)).all() for w in model.weights)


def test_rows_without_a_label_do_not_count():
    told = np.concatenate([TOLD, TOLD])
    loss = ClassLoss(Shape(0.3, 2.0, (1.0, 3.0, 1.0)))
    one = loss(BEE, TOLD)
    both = loss(np.array([1, 0]), told, np.array([1.0, 0.0], np.float32))
    assert float(both) == pytest.approx(float(one), rel=1e-5)


def test_heads_without_wishes_keep_the_losses_of_keras():
    kinds = {name: type(loss).__name__ for name, loss in losses_of(Wanted(), y=PETS).items()}
    assert kinds == {"y": "SparseCategoricalCrossentropy"}


def test_beside_an_output_that_can_the_others_keep_their_own_loss():
    losses = losses_of(Wanted("focal"), animal=PETS, age=Regress(), grade=Ordinal(3))
    assert losses["animal"].shape.gamma == 2.0
    assert type(losses["age"]).__name__ == "InDeviations"
    assert losses["grade"].weights == ()


@pytest.mark.parametrize("wanted", [{"loss": "focal"}, {"class_weights": "balanced"}])
def test_what_no_output_can_do_is_refused(wanted):
    (option,) = wanted
    message = f"{option}=.* is for outputs of the kinds classify, .*; here are only 'age'"
    with pytest.raises(ValueError, match=message):
        losses_of(Wanted(**wanted), {"age": np.ones((2, 1))}, age=Regress())


def test_smoothing_is_left_out_where_there_are_no_classes():
    losses = losses_of(Wanted(label_smoothing=0.1), age=Regress())
    assert type(losses["age"]).__name__ == "InDeviations"


def test_focal_is_refused_for_grades_alone():
    with pytest.raises(ValueError, match=r"here are only 'grade' \(ordinal\): leave it out"):
        losses_of(Wanted("focal"), grade=Ordinal(3))


def test_a_loss_that_there_is_not_gets_the_list():
    with pytest.raises(ValueError, match="unknown loss 'focl'; did you mean 'focal'"):
        Wanted("focl")
    with pytest.raises(ValueError, match="unknown class_weights 'balance'; did you mean"):
        Wanted(class_weights="balance")
    with pytest.raises(ValueError, match="label_smoothing is a share"):
        Wanted(label_smoothing=1.0)


def test_balanced_without_labels_says_so():
    with pytest.raises(ValueError, match="wants the training labels of 'animal'"):
        losses_of(Wanted(class_weights="balanced"), animal=PETS)


def test_several_shaped_losses_can_be_balanced_among_each_other():
    recipe = recipe_for(animal=PETS, tame=Binary())
    losses = losses_for(keras.Sequential(), recipe, "uncertainty", Wanted(label_smoothing=0.3))
    inner = 0.8 * np.log(2) + 0.2 * np.log(4)
    assert float(losses["animal"](BEE, TOLD)) == pytest.approx(np.log(inner + 1e-3), rel=1e-4)
