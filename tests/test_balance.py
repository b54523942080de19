"""Two outputs that share little, one loss a thousand times the other."""

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Regress
from mmkeras.balance import (
    WRAPPERS,
    GradNorm,
    LogLoss,
    WeighedLoss,
    callbacks_for,
    gradient_norms,
    losses_for,
)
from mmkeras.recipe import Recipe

TENSORFLOW = keras.backend.backend() == "tensorflow"
LOUD = 1_000.0
SOFT = "soft"
RECIPE = Recipe(inputs={"text": mmkeras.Text()}, outputs={"loud": Regress(), SOFT: Regress()})


class Rows(keras.utils.PyDataset):
    """Two numbers that follow from two directions; one batch is all rows."""

    def __init__(self):
        super().__init__()
        random = np.random.default_rng(0)
        self.x = random.normal(size=(64, 6)).astype(np.float32)
        noise = random.normal(size=(64, 1)).astype(np.float32)  # never learned
        self.y = {"loud": self.x[:, :1] + noise, SOFT: self.x[:, 1:2]}

    def __len__(self):
        return 8

    def __getitem__(self, batch):
        return {"x": self.x}, self.y


def trained(balance, steps=120):
    """The soft output's squared error at the end, as a share of that at the start."""

    keras.utils.set_random_seed(0)
    start = keras.Input((6,), name="x")
    shared = keras.layers.Dense(8, name="x_feature")(start)
    outputs = {name: keras.layers.Dense(1, name=name)(shared) for name in RECIPE.outputs}
    model = keras.Model({"x": start}, outputs)
    plain = {"loud": Louder(), SOFT: keras.losses.MeanSquaredError()}
    losses = {name: WRAPPERS[balance](loss) for name, loss in plain.items()}
    model.compile(keras.optimizers.SGD(0.05, global_clipnorm=1.0), loss=losses)
    rows = Rows()

    def error():
        found = np.asarray(model({"x": rows.x})[SOFT])
        return float(((found - rows.y[SOFT]) ** 2).mean())

    before = error()
    (feed, answers), weights = rows[0], dict.fromkeys(losses, 1.0)
    all_known = {name: np.ones(64, np.float32) for name in losses}
    probe = feed, answers, all_known
    balancing = [GradNorm(losses, weights, probe, every=2)] if balance == "gradnorm" else []
    model.fit(rows, epochs=steps // 8, verbose=0, callbacks=balancing)
    return error() / before


@keras.saving.register_keras_serializable("mmkeras_tests")
class Louder(keras.losses.MeanSquaredError):
    def call(self, y_true, y_pred):
        return LOUD * super().call(y_true, y_pred)


def test_with_fixed_weights_the_small_loss_starves():
    assert trained("fixed") > 0.3


@pytest.mark.parametrize("balance", ["uncertainty", "gradnorm"])
def test_balanced_the_small_loss_is_learned(balance):
    if balance == "gradnorm" and not TENSORFLOW:
        pytest.skip("gradnorm runs on TensorFlow alone")
    assert trained(balance) < 0.1


def test_a_loss_and_a_thousand_times_it_pull_alike():
    y, found = np.array([[1.0]]), np.array([[3.0]], np.float32)
    one, other = LogLoss(keras.losses.MeanSquaredError())(y, found), LogLoss(Louder())(y, found)
    assert float(other - one) == pytest.approx(np.log(LOUD), rel=1e-3)  # a constant: no gradient


@pytest.mark.skipif(not TENSORFLOW, reason="gradnorm runs on TensorFlow alone")
def test_the_measured_gradients_have_the_ratio_of_the_losses():
    start = keras.Input((2,), name="x")
    shared = keras.layers.Dense(2, name="x_feature")(start)
    weigh = keras.layers.Dense(1, kernel_initializer="ones", name="a")
    model = keras.Model({"x": start}, {"a": weigh(shared), "b": weigh(shared)})
    losses = {"a": WeighedLoss(Louder()), "b": WeighedLoss(keras.losses.MeanSquaredError())}
    feed = {"x": np.array([[1.0, 2.0]], np.float32)}
    answers = {name: np.array([[7.0]], np.float32) for name in "ab"}
    values, norms = gradient_norms(model, losses, feed, answers)
    assert values["a"] / values["b"] == pytest.approx(LOUD, rel=1e-4)
    assert norms["a"] / norms["b"] == pytest.approx(LOUD, rel=1e-4)


def test_the_validation_loss_of_gradnorm_does_not_depend_on_its_weights():
    losses = {"a": WeighedLoss(keras.losses.MeanSquaredError()), "b": WeighedLoss(Louder())}
    callback = GradNorm(losses, {"a": 1.0, "b": 2.0}, ({}, {}, {}), every=1)
    callback._first = {"a": 4.0, "b": 10.0}
    found = []
    for weight in (0.5, 1.5):
        losses["a"].weight.assign(weight)
        losses["b"].weight.assign(2 - weight)
        logs = {"val_loss": 0.0, "val_a_loss": weight * 2.0, "val_b_loss": (2 - weight) * 5.0}
        callback.on_epoch_end(0, logs)
        found.append(logs["val_loss"])
    assert found == [pytest.approx(2 / 4 + 2 * 5 / 10)] * 2


def test_balanced_losses_survive_saving():
    for loss in (LogLoss(Louder()), WeighedLoss(Louder(), 0.25)):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
        y, found = np.array([[1.0]]), np.array([[3.0]], np.float32)
        assert float(again(y, found)) == pytest.approx(float(loss(y, found)))


def test_one_output_alone_has_nothing_to_balance():
    recipe = Recipe(inputs={"text": mmkeras.Text(length=4)}, outputs={"y": Regress()}, width=8)
    losses = losses_for(mmkeras.assemble(recipe), recipe, "uncertainty")
    assert type(losses["y"]).__name__ == "InDeviations"
    assert callbacks_for(losses, recipe, Rows()) == []


@pytest.mark.skipif(TENSORFLOW, reason="only elsewhere is it refused")
def test_gradnorm_is_refused_on_another_backend():
    with pytest.raises(ValueError, match='take "uncertainty", or set KERAS_BACKEND=tensorflow'):
        losses_for(None, RECIPE, "gradnorm")


def test_an_unknown_balance_gets_the_list():
    with pytest.raises(ValueError, match="unknown balance 'gradnrom'; did you mean 'gradnorm'"):
        losses_for(None, RECIPE, "gradnrom")
