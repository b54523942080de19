import keras
import numpy as np
import pytest

from mmkeras_export import Constant, KeepZeros, Polynomial, Pruning, prune, sparsity_by_layer
from mmkeras_export.shrinking.kernels import kernels_of

JAX = keras.backend.backend() == "jax"
OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
    "AdamW": lambda: keras.optimizers.AdamW(weight_decay=0.1),
    "averages": lambda: keras.optimizers.Adam(use_ema=True),
    "accumulated": lambda: keras.optimizers.Adam(gradient_accumulation_steps=2),
    "scaled": lambda: keras.mixed_precision.LossScaleOptimizer(keras.optimizers.Adam()),
}


def rows(count=128):
    x = np.random.default_rng(0).normal(size=(count, 32)).astype(np.float32)
    return x, x[:, :1] * x[:, 1:2]


def network(optimizer="adam", run_eagerly=True):
    """Eagerly, for tracing takes longer than these few steps; compiled where that is the point."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((32,)),
            keras.layers.Dense(40, "relu", name="first"),
            keras.layers.Dense(50, "relu", name="second"),
            keras.layers.Dense(1, name="last"),
        ]
    )
    model.compile(optimizer, "mse", run_eagerly=run_eagerly)
    return model


def train(model, *callbacks, epochs=2, **how):
    return model.fit(
        *rows(), batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks), **how
    ).history


def zeros_of(model):
    return [kernel.numpy() == 0 for kernel in kernels_of(model)]


@pytest.mark.parametrize(
    ("optimizer", "criterion"),
    [*((name, "magnitude") for name in OPTIMIZERS), ("momentum", "movement")],
)
def test_the_zeros_hold_whatever_the_optimizer(optimizer, criterion):
    model = network(OPTIMIZERS[optimizer](), run_eagerly=False)
    history = train(model, Pruning(0.75, criterion=criterion))
    assert list(sparsity_by_layer(model).values()) == [0.75, 0.75]
    assert history["sparsity"][-1] == pytest.approx(0.75)
    assert history["counts"] == [0.0, 1.0]


def test_the_masks_are_there_within_the_training_not_only_at_its_end():
    seen = []
    look = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(
            np.mean(keras.ops.convert_to_numpy(model.layers[0].kernel) == 0)
        )
    )
    model = network(keras.optimizers.SGD(0.01, momentum=0.9))
    if not JAX:  # whose trainer holds the weights apart within an epoch
        train(model, Pruning(Constant(0.5)), look, epochs=1)
        assert seen == [0.5] * 8


def test_a_training_before_does_not_matter():
    model = network(run_eagerly=False)
    train(model, epochs=1)  # what Keras has traced knows no masks
    train(model, Pruning(0.5), epochs=2)
    assert sparsity_by_layer(model) == {"first/kernel": 0.5, "second/kernel": 0.5}


def test_afterwards_nothing_is_to_be_stripped(tmp_path):
    model, plain = network(), network()
    train(model, Pruning(0.5))
    train(plain)
    assert len(model.optimizer.variables) == len(plain.optimizer.variables)
    assert model.layers[0].kernel.constraint is None
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert [type(layer) for layer in loaded.layers] == [keras.layers.Dense] * 3
    assert sparsity_by_layer(loaded) == {"first/kernel": 0.5, "second/kernel": 0.5}
    train(loaded, epochs=1)  # nothing holds the zeros any more
    assert max(sparsity_by_layer(loaded).values()) < 0.4  # but where a unit is dead


def test_a_constraint_of_the_users_own_holds_as_well():
    model = network()
    model.layers[0].kernel.constraint = keras.constraints.NonNeg()
    train(model, Pruning(0.9))
    kernel = keras.ops.convert_to_numpy(model.layers[0].kernel)
    assert kernel.min() == 0
    assert (kernel == 0).mean() >= 0.9
    assert isinstance(model.layers[0].kernel.constraint, keras.constraints.NonNeg)


def test_each_layer_has_its_own_schedule_and_some_have_none():
    model = network()
    pruning = Pruning({"first": Polynomial(0.8, 0, 6), "s*": "2:4"})
    train(model, pruning)
    assert sparsity_by_layer(model) == {"first/kernel": 0.8, "second/kernel": 0.5}
    model = network()
    train(model, Pruning({"second": 0.5}))
    assert sparsity_by_layer(model) == {"first/kernel": 0.0, "second/kernel": 0.5}


def test_one_threshold_for_all_has_the_share_over_all():
    model = network()
    model.layers[1].kernel.assign(model.layers[1].kernel * 0.5)
    train(model, Pruning(0.5, scope="global"))
    first, second = sparsity_by_layer(model).values()
    assert first < 0.45 < 0.55 < second
    assert (1280 * first + 2000 * second) / 3280 == pytest.approx(0.5)


def test_steps_are_counted_from_where_the_pruning_begins():
    model = network()
    train(model, epochs=2)
    train(model, Pruning(Constant(0.5, begin_step=8, end_step=8)), epochs=1)
    assert max(sparsity_by_layer(model).values()) == 0.5  # after the eighth, the last one
    model = network()
    train(model, Pruning(Constant(0.5, begin_step=9, end_step=9)), epochs=1)
    assert max(sparsity_by_layer(model).values()) == 0.0


def test_movement_is_the_sum_of_weight_times_step_and_comes_back():
    """Each step adds 0.1, so S = 0.1 (w + (w + 0.1) + (w + 0.2)): what is larger stays."""
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(100, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, answer: -keras.ops.sum(answer))
    start = np.linspace(-1.0, 1.0, 1000, dtype=np.float32).reshape(10, 100)
    model.layers[0].kernel.assign(start)
    pruning = Pruning(Constant(0.5, 3, 3), criterion="movement")
    ones = np.ones((4, 10), np.float32)
    model.fit(ones, ones[:, :1], batch_size=1, verbose=0, callbacks=[pruning])
    kernel = keras.ops.convert_to_numpy(model.layers[0].kernel)
    np.testing.assert_array_equal(kernel != 0, start > 0)
    np.testing.assert_allclose(kernel[start > 0], start[start > 0] + 0.4, rtol=1e-5)


def test_a_masked_weight_comes_back_with_the_value_that_it_left_with():
    """Masked by its size, then by movement: the small ones are those that move away from zero."""
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(100, use_bias=False)])
    start = np.full((10, 100), -1.0, np.float32)
    start[:, :50] = 0.5
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, answer: -keras.ops.sum(answer))
    model.layers[0].kernel.assign(start)
    pruning = Pruning(Constant(0.5, 0, 2, frequency=2), criterion="movement")
    ones = np.ones((3, 10), np.float32)
    model.fit(ones, ones[:, :1], batch_size=1, verbose=0, callbacks=[pruning])
    kernel = keras.ops.convert_to_numpy(model.layers[0].kernel)
    assert (kernel[:, 50:] == 0).all()
    np.testing.assert_allclose(kernel[:, :50], 0.5 + 0.1, rtol=1e-5)  # the third step alone


def test_a_pruned_model_keeps_its_zeros_through_any_fit():
    model = prune(network(), 0.6)
    model.compile("adam", "mse", run_eagerly=True)
    before = zeros_of(model)
    train(model, KeepZeros())
    for now, then in zip(zeros_of(model), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_kernel_that_begins_with_zeros_is_not_taken_for_pruned():
    model = keras.Sequential(
        [keras.Input((10,)), keras.layers.Dense(100, kernel_initializer="zeros", name="first")]
    )
    model.compile(keras.optimizers.SGD(0.1), loss=lambda y, answer: -keras.ops.sum(answer))
    ones = np.ones((1, 10), np.float32)
    model.fit(ones, ones[:, :1], verbose=0, callbacks=[Pruning(Constant(0.25))])
    np.testing.assert_allclose(sparsity_by_layer(model)["first/kernel"], 0.25)


def test_zeros_that_were_there_before_stay_however_low_the_share_begins():
    model = prune(network(), 0.6)
    model.compile("adam", "mse", run_eagerly=True)
    before = zeros_of(model)
    train(model, Pruning(0.8))
    for now, then in zip(zeros_of(model), before, strict=True):
        assert now[then].all()
        assert now.mean() == pytest.approx(0.8, abs=1e-3)


class Stop(keras.callbacks.Callback):
    """Breaks a training off after an epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


@pytest.mark.parametrize("criterion", ["magnitude", "movement"])
def test_keras_own_backup_goes_on_with_the_masks(criterion, tmp_path):
    def fit(*others):
        model = network()
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        try:
            train(model, Pruning(0.75, criterion=criterion), *others, backup, epochs=4)
        except KeyboardInterrupt:
            return None
        return model

    assert fit(Stop()) is None
    resumed = fit()
    unbroken = network()
    train(unbroken, Pruning(0.75, criterion=criterion), epochs=4)
    assert list(sparsity_by_layer(resumed).values()) == [0.75, 0.75]
    # The order of the rows differs, so not every zero is the same: most are.
    alike = [(a == b).mean() for a, b in zip(zeros_of(resumed), zeros_of(unbroken), strict=True)]
    assert min(alike) > 0.9


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"sparsity": 1.0}, r"at least 0 and below 1"),
        ({"sparsity": {"first": "2:2"}}, r"N of M"),
        ({"scope": "model"}, r"unknown scope 'model'; choose from layer, global"),
        ({"criterion": "magnitud"}, r"did you mean 'magnitude'\?"),
        ({"block": (4,)}, r"a block is \(inputs, outputs\)"),
    ],
)
def test_impossible_wishes_are_refused(wish, message):
    with pytest.raises(ValueError, match=message):
        Pruning(**wish)


def test_a_model_that_cannot_be_pruned_says_why():
    small = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)], name="small")
    with pytest.raises(ValueError, match="'small' has no optimizer yet: compile it before"):
        Pruning(0.5).attach(small)
    small.compile("adam", "mse")
    with pytest.raises(ValueError, match="'small' has no kernel that trains and has 1,000 weights"):
        Pruning(0.5).attach(small)
