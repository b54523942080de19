import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from mmkeras import Classify, Table, Training, build_model, fit, load, load_manifest
from mmkeras.dataset import Batches
from mmkeras.distribution import Devices
from mmkeras.frozen import head_model
from mmkeras.model import recipe_of
from mmkeras.prepare import prepare

TWO = Devices(("GPU:0", "GPU:1"))
PLAIN = {"batch_size": 4, "augment": False, "ema": 0.9}
EPOCHS = 2
COLUMNS = {
    "table": {"one": ("a", "b"), "two": ("c", "d")},
    "targets": {"animal": "classify"},
}

TRAIN = """
import json, sys
model, manifest, out, training = sys.argv[1:]
if __import__("os").environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
import keras
import mmkeras
rows = mmkeras.load_manifest(manifest, **COLUMNS)
narrow = mmkeras.build_model(table={"one": mmkeras.Table(("a", "b"))}, width=4,
    outputs={"animal": mmkeras.Classify(tuple("abc"))})
mmkeras.fit(narrow, *rows.split()[:2], 1)  # of another shape: it leaves nothing to the next one
mmkeras.fit(keras.models.load_model(model), *rows.split()[:2], EPOCHS, out,
    mmkeras.Training(**json.loads(training)))
""".replace("EPOCHS", str(EPOCHS)).replace("COLUMNS", str(COLUMNS))


@pytest.fixture
def rows(tmp_path):
    """Of numbers that say nothing about their labels: no gradient is 0 but for rounding."""
    random = np.random.default_rng(0)
    lines = [",".join(f"{x:.4f}" for x in random.normal(size=4)) for _ in range(30)]
    path = tmp_path / "rows.csv"
    labels = "aabacbaabbcaabacababaabacbaaba"
    path.write_text(
        "\n".join(["a,b,c,d,animal", *map(",".join, zip(lines, labels, strict=True))]) + "\n"
    )
    return load_manifest(path, **COLUMNS)


@pytest.fixture
def model():
    """Without dropout, whose random numbers each device draws by itself."""
    keras.utils.set_random_seed(3)
    tables = {"one": Table(("a", "b")), "two": Table(("c", "d"))}
    model = build_model(table=tables, outputs={"animal": Classify(tuple("abc"))}, width=8)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return model


def trained_on_two(backend, model, rows, tmp_path, **training):
    """The run of a process that has two devices."""
    model.save(tmp_path / "model.keras")
    place = [str(tmp_path / "model.keras"), str(rows.path), str(tmp_path / backend)]
    subprocess.run(
        [sys.executable, "-c", TRAIN, *place, json.dumps({**PLAIN, **training})],
        check=True,
        capture_output=True,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
            "CUDA_VISIBLE_DEVICES": "",
        },
    )
    return load(tmp_path / backend)


LOSSES = """
import tensorflow as tf
halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
import keras
import numpy as np
from mmkeras.balance import LogLoss
from mmkeras.distribution import Devices, replicas
from mmkeras.taught import TaughtLoss, packed
found = np.array([[0.2, 0.8], [0.6, 0.4]], np.float32)
labels = np.array([1, 0])
own = keras.losses.SparseCategoricalCrossentropy()
def losses():
    taught = TaughtLoss(own, "classify", share=0.75)(packed(labels, found[::-1]), found)
    return taught, LogLoss(own)(labels, found)
two = Devices.visible()
assert len(two) == 2 and replicas() == 1
with two.together():
    shares = two._scope.run(losses)
    both = [float(two._scope.reduce("SUM", each, axis=None)) for each in shares]
np.testing.assert_allclose(both, [float(each) for each in losses()], rtol=1e-6)
"""


def test_the_losses_of_two_devices_add_up_to_that_of_one():
    """Each sees the same rows: half of its own loss and of the teacher's, and of the logarithm."""
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", LOSSES], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def assert_near(run, other):
    for name in ("loss", "val_loss", "accuracy"):
        np.testing.assert_allclose(run.history[name], other.history[name], atol=1e-5)
    for a, b in zip(run.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_two_devices_train_as_one_does(model, rows, tmp_path):
    two = trained_on_two("tensorflow", model, rows, tmp_path)
    assert len(two.about["devices"]) == 2
    one = fit(model, *rows.split()[:2], EPOCHS, training=Training(**PLAIN))
    assert one.about["devices"] == 1
    assert_near(two, one)


def test_two_devices_of_jax_train_as_one_of_tensorflow(model, rows, tmp_path):
    two = trained_on_two("jax", model, rows, tmp_path)
    assert two.about["devices"] == ["cpu:0", "cpu:1"]
    assert_near(two, fit(model, *rows.split()[:2], EPOCHS, training=Training(**PLAIN)))


def test_a_batch_is_a_multiple_of_the_devices_and_leaves_out_other_rows_each_epoch(model, rows):
    data = prepare(rows.rows(range(11)), recipe_of(model))
    batches = Batches(data, 4, shuffle=True, shares=2)
    assert [len(batches[i][0]["one"]) for i in range(len(batches))] == [4, 4, 2]
    left_out = []
    for _ in range(4):
        left_out += set(range(11)) - set(batches._rows)
        batches.on_epoch_begin()
    assert len(left_out) == 4
    assert len(set(left_out)) > 1


def test_what_devices_cannot_share_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"batch_size=7 .* by 2 devices; take batch_size=8"):
        TWO.check(Training(batch_size=7), training=100)
    with pytest.raises(ValueError, match="1 validation rows cannot be shared by 2 devices"):
        TWO.check(Training(), training=100, validation=1)
    with pytest.raises(ValueError, match="balance='gradnorm' trains on one device, not on 2"):
        TWO.check(Training(balance="gradnorm"), training=100)
    with pytest.warns(UserWarning, match="1 of the 101 training rows are left out in each epoch"):
        TWO.check(Training(), training=101)


def test_one_device_shares_nothing():
    Devices().check(Training(batch_size=7), training=1)
    assert len(Devices.visible()) == 1


def test_a_model_is_copied_whole_for_several_devices(model):
    copy = head_model(model, ())
    assert not {id(weight) for weight in copy.weights} & {id(weight) for weight in model.weights}
    for a, b in zip(copy.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
