import zlib

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras_export import (
    Constant,
    Pruning,
    cluster,
    convert,
    islands_of,
    prune,
    quantize,
    savings_of,
    sparsity_by_layer,
    sparsity_of,
)
from mmkeras_export.shrinking.kernels import kernels_of


@pytest.fixture(scope="module")
def pruned(run, stamps, tmp_path_factory):
    out = tmp_path_factory.mktemp("pruned") / "run"
    training = mmkeras.Training(batch_size=32, learning_rate=3e-4)
    return prune(run, stamps.train, stamps.valid, 0.5, epochs=2, out=out, training=training)


def test_half_of_every_kernel_is_zero_and_stays_so_when_loaded(pruned):
    for name, share in sparsity_by_layer(mmkeras.load(pruned.path).model).items():
        assert share == pytest.approx(0.5, abs=0.001), name


def test_the_run_that_was_pruned_is_as_it_was(run, pruned):
    assert sparsity_of(run.model) < 0.001
    assert pruned.model is not run.model
    assert pruned.tokenizer_json == run.tokenizer_json


def test_the_pruned_run_says_so(pruned):
    pattern = {"block": [1, 1], "scope": "layer", "criterion": "magnitude"}
    said = [{"step": "prune", "sparsity": 0.5, "epochs": 2, **pattern}]
    assert pruned.about["steps"] == said
    assert mmkeras.load(pruned.path).about["steps"] == said
    assert pruned.history["counts"] == [0.0, 1.0]


def test_it_answers_nearly_as_well(run, pruned, stamps):
    before, after = (mmkeras.evaluate(r, stamps.valid).accuracy for r in (run, pruned))
    assert all(after[name] > before[name] - 0.1 for name in before)


def test_a_pruned_int8_file_compresses_to_four_fifths_or_less(run, pruned, lite):
    islands = islands_of(run.model, "dynamic_int8")
    sizes = [
        len(zlib.compress(quantize(file, "dynamic_int8", layers=islands), 9))
        for file in (lite, convert(pruned.model))
    ]
    assert sizes[1] < 0.8 * sizes[0]  # the audio front end has nothing to prune


def plain():
    keras.utils.set_random_seed(0)
    x = keras.Input((32,), name="x")
    y = keras.layers.Dense(200, "relu", name="first")(x)
    y = keras.layers.Dense(100, "relu", name="second")(y)
    return keras.Model(x, keras.layers.Dense(2, name="last")(y))


def test_any_keras_model_is_pruned_at_once():
    model = plain()
    slim = prune(model, {"first": 0.9, "sec*": "2:4"})
    assert sparsity_by_layer(slim) == {"first/kernel": 0.9, "second/kernel": 0.5}
    assert sparsity_of(slim) == pytest.approx((6400 * 0.9 + 20_000 * 0.5) / 26_400)
    assert sparsity_of(model) == 0
    small, large = (np.abs(kernels_of(each)[0].numpy()) for each in (model, slim))
    assert large[large > 0].min() == np.sort(small.ravel())[5760]  # of 6,400


def test_blocks_of_any_keras_model_go_at_once():
    kernel = kernels_of(prune(plain(), Pruning(0.75, block=(4, 1))))[0].numpy()
    whole = (kernel.reshape(8, 4, 200) != 0).sum(axis=1)
    assert {*np.unique(whole)} == {0, 4}
    assert (whole == 0).mean() == 0.75


def test_what_it_brought_is_measured_and_that_it_is_no_speed():
    model = plain()
    pruned = savings_of(model, prune(model, 0.8), {"x": np.ones((2, 32), np.float32)})
    assert pruned.after.zeros == pytest.approx(0.8)
    assert pruned.after.file_bytes == pruned.before.file_bytes
    assert 0.2 < pruned.compressed_share < 0.4
    assert "80.0% of 26,400 weights, were 0.0%" in str(pruned)
    assert "No speed: the device multiplies zeros" in str(pruned)
    assert min(pruned.before.ms, pruned.after.ms) > 0
    assert "a sample    " in str(pruned)


def test_sixteen_values_compress_to_a_quarter_and_answer_alike():
    model = plain()
    small = cluster(model, 16)
    found = savings_of(model, small)
    assert found.after.values == 16
    assert found.compressed_share < 0.25  # 4 of 32 bits are an eighth, without headers and biases
    x = np.random.default_rng(0).normal(size=(64, 32))
    before, after = (each.predict(x, verbose=0) for each in (model, small))
    assert np.abs(before - after).std() < 0.2 * before.std()


def test_a_run_is_clustered_while_it_trains_on(run, pruned, stamps):
    training = mmkeras.Training(batch_size=64, learning_rate=3e-4)
    small = cluster(pruned, stamps.train, stamps.valid, 16, epochs=1, training=training)
    for kernel in kernels_of(small.model):
        assert len(np.unique(kernel.numpy())) <= 16
    assert sparsity_of(small.model) == pytest.approx(0.5, abs=0.001)
    step = {"step": "cluster", "clusters": 16, "init": "linear", "epochs": 1}
    assert small.about["steps"] == [*pruned.about["steps"], step]


FAMILIES = {
    "MobileNetV2": lambda size: keras.applications.MobileNetV2(
        (size, size, 3), alpha=0.35, weights=None, classes=4
    ),
    "ResNet50": lambda size: keras.applications.ResNet50(
        input_shape=(size, size, 3), weights=None, classes=4
    ),
    "EfficientNetB0": lambda size: keras.applications.EfficientNetB0(
        input_shape=(size, size, 3), weights=None, classes=4
    ),
}


@pytest.mark.parametrize(
    "family",
    ["MobileNetV2", *(pytest.param(name, marks=pytest.mark.slow) for name in list(FAMILIES)[1:])],
)
def test_the_families_of_keras_are_pruned_and_clustered(family):
    model = FAMILIES[family](32)
    slim = prune(model, "2:4")
    # Three colours are no whole four: of them two stay.
    assert sparsity_of(slim) == pytest.approx(0.5, abs=2e-4)
    small = cluster(slim, 16)
    assert max(len(np.unique(kernel.numpy())) for kernel in kernels_of(small)) == 16
    assert sparsity_of(small) == sparsity_of(slim)
    answers = small(np.zeros((1, 32, 32, 3)), training=False)
    assert np.isfinite(keras.ops.convert_to_numpy(answers)).all()


def test_a_transformer_of_keras_hub_is_pruned_along_what_it_sums_over_and_clustered():
    import keras_hub

    model = keras_hub.models.BertBackbone(
        vocabulary_size=200,
        num_layers=1,
        num_heads=4,
        hidden_dim=64,
        intermediate_dim=128,
        max_sequence_length=16,
    )
    slim = prune(model, "2:4")
    (out,) = (k for k in kernels_of(slim) if k.name.endswith("attention_output/kernel"))
    assert out.numpy().shape == (4, 16, 64)  # heads and their units are the inputs
    kept = (out.numpy().reshape(16, 4, 64) != 0).sum(axis=1)
    assert {*np.unique(kept)} == {2}
    small = cluster(slim, 16)
    assert len(kernels_of(small)) == 9  # two tables, four of the attention, three dense
    assert {len(np.unique(kernel.numpy())) for kernel in kernels_of(small)} == {16}
    assert sparsity_by_layer(small) == sparsity_by_layer(slim)


def test_impossible_wishes_are_refused(run, stamps):
    with pytest.raises(ValueError, match=r"at least 0 and below 1, or a pattern as '2:4'\. Rec"):
        prune(run, stamps.train, stamps.valid, 1.0)


def test_what_a_model_cannot_have_at_once_says_where_it_goes():
    with pytest.raises(ValueError, match=r"a schedule is for a training: model.fit\(.*Pruning"):
        prune(plain(), Constant(0.5))
    with pytest.raises(ValueError, match=r"movement shows in a training: model.fit\("):
        prune(plain(), Pruning(0.5, criterion="movement"))
