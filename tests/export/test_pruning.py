import zlib

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras_export import convert, float_islands, prune, quantize_dynamic, sparsity_of
from mmkeras_export.pruning import magnitude_mask, prunable, sparsity_at


@pytest.fixture(scope="module")
def pruned(run, stamps, tmp_path_factory):
    out = tmp_path_factory.mktemp("pruned") / "run"
    training = mmkeras.Training(batch_size=32, learning_rate=3e-4)
    return prune(run, stamps.train, stamps.valid, 0.5, epochs=2, out=out, training=training)


def test_half_of_every_kernel_is_zero_and_stays_so_when_loaded(pruned):
    for weight in prunable(mmkeras.load(pruned.path).model):
        assert float(keras.ops.mean(weight == 0)) == pytest.approx(0.5, abs=0.001), weight.path


def test_the_run_that_was_pruned_is_as_it_was(run, pruned):
    assert sparsity_of(run.model) < 0.001
    assert pruned.model is not run.model
    assert pruned.tokenizer_json == run.tokenizer_json


def test_the_pruned_run_says_so(pruned):
    assert pruned.about["pruned"] == {"sparsity": 0.5, "epochs": 2}


def test_it_answers_nearly_as_well(run, pruned, stamps):
    before, after = (mmkeras.evaluate(r, stamps.valid).accuracy for r in (run, pruned))
    assert all(after[name] > before[name] - 0.1 for name in before)


def test_a_pruned_int8_file_compresses_to_four_fifths_or_less(run, pruned, lite):
    sizes = [
        len(zlib.compress(quantize_dynamic(file, float_islands(run.model)), 9))
        for file in (lite, convert(pruned.model))
    ]
    assert sizes[1] < 0.8 * sizes[0]  # the audio front end has nothing to prune


def test_the_mask_takes_the_smallest_by_absolute_value():
    weight = keras.Variable(np.array([[0.1, -0.5, 0.3], [-0.2, 0.4, -0.05]]))
    np.testing.assert_array_equal(magnitude_mask(weight, 0.5), [[0, 1, 1], [0, 1, 0]])


@pytest.mark.parametrize(("done", "sparsity"), [(0.0, 0.0), (0.5, 0.7), (1.0, 0.8), (2.0, 0.8)])
def test_the_sparsity_rises_fast_then_slowly(done, sparsity):
    assert sparsity_at(done, 0.8) == pytest.approx(sparsity)  # 0.8 * (1 - 0.5 ** 3) = 0.7


def test_what_is_pruned_in_any_model():
    x = keras.Input((16, 16, 3))
    y = keras.layers.Conv2D(64, 3, name="wide")(x)
    y = keras.layers.DepthwiseConv2D(5, name="depthwise")(y)
    inner = keras.Model(x, keras.layers.BatchNormalization()(y))
    z = keras.layers.GlobalAveragePooling2D()(inner(x))
    z = keras.layers.Dense(32, name="nested_beside")(z)
    frozen = keras.layers.Dense(64, name="frozen", trainable=False)(z)
    model = keras.Model(x, keras.layers.Dense(2, name="small")(frozen))
    assert [weight.path for weight in prunable(model)] == ["wide/kernel", "nested_beside/kernel"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sparsity": 1.0}, r"sparsity must lie between 0 and 1\. Received: 1\.0"),
        ({"epochs": 0}, "pruning wants at least one epoch. Received: epochs=0"),
    ],
)
def test_impossible_wishes_are_refused(arguments, message, run, stamps):
    with pytest.raises(ValueError, match=message):
        prune(run, stamps.train, stamps.valid, **arguments)
