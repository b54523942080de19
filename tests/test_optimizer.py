import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras import Training
from mmkeras.ema import ValidateAveraged, averaged
from mmkeras.optimizer import RatedAdamW, adamw, names_of, schedule

X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True) * 3


def small(optimizer, **options):
    """Two dense layers, "low" and "top", that always begin alike."""
    keras.utils.set_random_seed(0)
    start = keras.Input((3,))
    hidden = layers.Dense(4, activation="tanh", name="low")(start)
    model = keras.Model(start, layers.Dense(1, name="top")(hidden))
    model.compile(optimizer, "mse", **options)
    model.optimizer.build(model.trainable_variables)
    return model


def train(model, epochs=1, **options):
    return model.fit(X, Y, batch_size=4, epochs=epochs, shuffle=False, verbose=0, **options)


def test_rate_rises_along_a_line_and_falls_along_a_cosine():
    rate = schedule(Training(learning_rate=0.4, warm_up=0.2), steps=10)
    wanted = [0.2, 0.3, 0.4, 0.4 * (1 + np.cos(np.pi / 8)) / 2, 0.2, 0.0]
    assert [float(rate(t)) for t in (0, 1, 2, 3, 6, 10)] == pytest.approx(wanted)


def test_rate_without_warm_up_begins_at_the_top():
    rate = schedule(Training(learning_rate=0.4, warm_up=0.0), steps=10)
    assert [float(rate(t)) for t in (0, 5, 10)] == pytest.approx([0.4, 0.2, 0.0])


def test_first_step_of_each_variable_is_as_long_as_its_rate():
    """Adam's first step is lr · g / |g|: of a gradient of ones 0.1, and 0.01 and 0 by the rates."""
    variables = [keras.Variable(np.ones(2), name=name) for name in ("a", "b", "c")]
    optimizer = RatedAdamW(0.1, weight_decay=0.0, rates={"b": 0.1, "c": 0.0})
    optimizer.apply([np.ones(2, "float32")] * 3, variables)
    moved = [float(1 - keras.ops.convert_to_numpy(v)[0]) for v in variables]
    assert moved == pytest.approx([0.1, 0.01, 0.0], abs=1e-6)


def test_decay_falls_with_the_rate_and_spares_what_has_one_axis():
    """Without gradients only decay moves: 1 - lr · f · decay."""
    kernel, slow, norm = (
        keras.Variable(np.ones(shape), name=name)
        for name, shape in (("kernel", (2, 2)), ("slow", (2, 2)), ("gamma", (2,)))
    )
    bias = keras.Variable(np.ones((2, 2)), name="bias")  # of attention: heads by width
    optimizer = RatedAdamW(0.1, weight_decay=0.5, rates={"slow": 0.1})
    variables = [kernel, slow, norm, bias]
    optimizer.apply([np.zeros(v.shape, "float32") for v in variables], variables)
    after = [float(keras.ops.max(v)) for v in variables]
    assert after == pytest.approx([0.95, 0.995, 1.0, 1.0])


def test_without_rates_it_is_keras_own():
    """With one axis a variable, which neither decays here nor, excluded, there."""
    ours, theirs = (keras.Variable([1.0, -2.0], name="v") for _ in "12")
    options = {"weight_decay": 0.1, "global_clipnorm": 1.0}
    own, keras_own = RatedAdamW(0.1, **options), keras.optimizers.AdamW(0.1, **options)
    keras_own.exclude_from_weight_decay([theirs])
    for gradient in ([3.0, 4.0], [0.1, -0.2], [-5.0, 1.0]):
        own.apply([np.array(gradient, "float32")], [ours])
        keras_own.apply([np.array(gradient, "float32")], [theirs])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)


def test_gradients_are_clipped_together():
    """(3, 0) and (0, 4) have the norm 5: with 1 a fifth of each is left, 0.6 and 0.8."""
    variables = [keras.Variable(np.ones(2), name=name) for name in "ab"]
    optimizer = adamw(Training(clip_norm=1.0), steps=10)
    gradients = [np.array([3.0, 0.0], "float32"), np.array([0.0, 4.0], "float32")]
    optimizer.apply(gradients, variables)
    moments = [keras.ops.convert_to_numpy(v) for v in optimizer.variables if "momentum" in v.path]
    np.testing.assert_allclose(moments, [[0.06, 0.0], [0.0, 0.08]], rtol=1e-6)


def test_variables_of_one_path_have_names_of_their_own():
    variables = [keras.Variable(0.0, name=name) for name in ("a", "b", "a", "a")]
    assert names_of(variables) == ["a", "b", "a#2", "a#3"]


def test_an_unknown_variable_is_refused():
    optimizer = RatedAdamW(0.1, rates={"kernle": 0.1})
    with pytest.raises(ValueError, match="kernel"):
        optimizer.build([keras.Variable(np.ones((2, 2)), name="kernel")])


def test_a_saved_model_has_its_rates_and_its_state_again(tmp_path):
    model = small(RatedAdamW(0.1, rates={"low/kernel": 0.1}, ema=0.9))
    train(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.optimizer.rates == {"low/kernel": 0.1}
    assert json.loads(json.dumps(again.optimizer.get_config()))["ema"] == 0.9
    train(model)
    train(again)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("scaled", [False, True])
def test_three_steps_and_three_more_are_six(scaled):
    def fresh():
        training = Training(learning_rate=0.1)
        optimizer = adamw(training, 20, {"low/kernel": 0.5})
        optimizer = RatedAdamW.from_config({**optimizer.get_config(), "ema": 0.99})
        return small(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer)

    def step(model, times):
        for _ in range(times):
            model.train_on_batch(X, Y)

    def values(model):
        every = [*model.variables, *model.optimizer.variables]
        return [np.array(keras.ops.convert_to_numpy(variable)) for variable in every]

    whole, first, second = fresh(), fresh(), fresh()
    step(whole, 6)
    step(first, 3)
    variables = [*second.variables, *second.optimizer.variables]
    for variable, value in zip(variables, values(first), strict=True):
        variable.assign(value)
    step(second, 3)
    for a, b in zip(values(whole), values(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_average_of_the_first_steps_is_worth_using():
    """m = min(0.99, (1 + t) / (10 + t)), so 1/10 and 2/11: 1 → 0.1 + 0.9 · 0.9 = 0.91, then
    0.91 · 2/11 + 0.8 · 9/11."""
    variable = keras.Variable([1.0], name="v")
    optimizer = RatedAdamW(0.1, weight_decay=0.0, ema=0.99)
    for _ in range(2):  # of the same gradient, so that Adam goes 0.1 each time
        optimizer.apply([np.ones(1, "float32")], [variable])
    ((_, average),) = optimizer.averages
    assert float(average[0]) == pytest.approx(0.91 * 2 / 11 + 0.8 * 9 / 11, abs=1e-5)


def test_validation_sees_the_average_and_training_the_raw_weights():
    model = small(adamw_with(0.9))
    log = train(model, 3, validation_data=(X, Y), callbacks=[ValidateAveraged()]).history
    plain = small(adamw_with(0.9))
    train(plain, 3)
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    raw = model.evaluate(X, Y, batch_size=4, verbose=0)
    with averaged(model):
        mean = model.evaluate(X, Y, batch_size=4, verbose=0)
    assert log["val_loss"][-1] == pytest.approx(mean, rel=1e-6)
    assert abs(raw - mean) > 1e-3


def adamw_with(ema):
    return RatedAdamW(0.1, ema=ema)


def test_without_averages_a_model_stays_as_it_is():
    model = small(adamw_with(0.0))
    before = model.get_weights()
    with averaged(model):
        np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_a_step_that_is_compiled_is_the_same():
    model = small(RatedAdamW(0.1, rates={"low/bias": 0.0}, ema=0.9), jit_compile=True)
    train(model, 2)
    plain = small(RatedAdamW(0.1, rates={"low/bias": 0.0}, ema=0.9), run_eagerly=True)
    train(plain, 2)
    np.testing.assert_allclose(model.get_weights()[0], plain.get_weights()[0], atol=1e-5)
    assert not model.get_layer("low").get_weights()[1].any()


TWO = """
import keras, numpy as np, tensorflow as tf
from mmkeras.optimizer import RatedAdamW

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

def trained(strategy):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        start = keras.Input((4,), dtype="int32")
        words = keras.layers.Embedding(5, 3)(start)
        model = keras.Model(start, keras.layers.Dense(1)(keras.layers.Flatten()(words)))
        model.compile(RatedAdamW(
            0.1, weight_decay=0.1, global_clipnorm=0.05, rates={"dense/bias": 0.5}, ema=0.9
        ), "mse")
    x = np.random.default_rng(0).integers(0, 5, (16, 4))
    model.fit(x, x.sum(1) * 1.0, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]

one = trained(tf.distribute.get_strategy())
keras.backend.clear_session()  # else the names of layers, and so of variables, go on counting
two = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
for a, b in zip(one, two, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
print("alike")
"""


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a strategy of TensorFlow")
def test_two_devices_train_as_one():
    """Also where gradients are clipped, and words come twice in a batch and on both devices."""
    done = subprocess.run([sys.executable, "-c", TWO], capture_output=True, text=True)
    assert done.stdout == "alike\n", done.stderr
