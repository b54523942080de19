"""Quantization-aware training against the files that it is for."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import layers, ops
from sklearn.datasets import load_digits

import mmkeras
from mmkeras.frozen import give_back, head_model
from mmkeras_export import (
    Settle,
    cluster,
    convert,
    islands_of,
    learned_ranges,
    prune,
    qat,
    quantize,
    run_lite,
    sparsity_of,
)
from mmkeras_export.comparison import rows_of
from mmkeras_export.shrinking.kernels import kernels_of
from mmkeras_export.shrinking.qat_model import QuantizationAware
from mmkeras_export.shrinking.qat_ranges import plain_ranges


def digits():
    """Real handwritten digits, (1797, 8, 8, 1) from 0 to 1, and what they are."""
    pictures, labels = load_digits(return_X_y=True)
    return (pictures / 16).astype(np.float32).reshape(-1, 8, 8, 1), labels


def depthwise_net():
    x = keras.Input((8, 8, 1), name="x")
    y = x
    for name, layer in (
        ("first", layers.Conv2D(16, 3, padding="same", use_bias=False)),
        ("depthwise", layers.DepthwiseConv2D(3, padding="same", use_bias=False)),
        ("pointwise", layers.Conv2D(32, 1, use_bias=False)),
    ):
        y = layers.ReLU()(layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(layer(y)))
    y = layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, layers.Dense(10, activation="softmax", name="y")(y))


def scaled_badly(model, decades=2.0, seed=0):
    """The same function with channels of sizes decades apart, which a rectifier lets through.

    Batch normalisation gives each channel a factor, and the next convolution takes it back.
    """
    random = np.random.default_rng(seed)
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel")]
    for name, taker in zip(("first_bn", "depthwise_bn"), convolutions[1:3], strict=True):
        norm = model.get_layer(name)
        factors = 10.0 ** -random.uniform(0, decades, norm.gamma.shape[0]).astype(np.float32)
        for weight in (norm.gamma, norm.beta):
            weight.assign(ops.convert_to_numpy(weight) * factors)
        kernel = ops.convert_to_numpy(taker.kernel)
        taker.kernel.assign(kernel / factors[:, np.newaxis])  # (h, w, in, out or 1)


def compiled(model, rate):
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model


def int8_of(model, pictures, whole=None, learned=None):
    samples = [{"x": picture} for picture in pictures]
    return quantize(whole or convert(model), "int8", samples, islands_of(model), learned)


def accuracy(said, labels):
    return float((np.asarray(said).argmax(-1) == labels).mean())


@pytest.fixture(scope="module")
def ruined():
    """A network with badly scaled channels, its files, and pictures that it has not seen."""
    keras.utils.set_random_seed(0)
    pictures, labels = digits()
    model = depthwise_net()
    compiled(model, 1e-2).fit(pictures[:1200], labels[:1200], batch_size=64, epochs=8, verbose=0)
    scaled_badly(model)
    whole = convert(model)
    int8 = int8_of(model, pictures[:128], whole)
    return model, whole, int8, pictures[1200:], labels[1200:]


def test_it_computes_what_the_file_does(ruined):
    model, _, lite, pictures, _ = ruined
    aware = qat(model, [{"x": picture} for picture in digits()[0][:128]])
    file = run_lite(lite, {"x": pictures[:64]})["y"]
    ours, plain = (ops.convert_to_numpy(m(pictures[:64], training=False)) for m in (aware, model))
    assert np.abs(ours - file).mean() < 0.1 * np.abs(plain - file).mean()


def test_the_file_takes_the_ranges_that_were_learned(ruined):
    model, whole, _, pictures, _ = ruined
    samples = [{"x": picture} for picture in pictures[:64]]
    aware = qat(model, samples)
    for place in aware.ranges[1:4]:  # behind the rectifiers: all that is larger is clipped
        place.high.assign(float(place.high) / 2)
    learned = learned_ranges(aware, whole, samples)
    assert len(learned) == len(aware.ranges) == 7
    lite = int8_of(model, pictures[:64], whole, learned)
    file = run_lite(lite, {"x": pictures[:64]})["y"]
    ours, plain = (ops.convert_to_numpy(m(pictures[:64], training=False)) for m in (aware, model))
    assert np.abs(ours - file).mean() < 0.1 * np.abs(plain - file).mean()


def test_ranges_of_another_model_are_refused(ruined):
    _, whole, _, pictures, _ = ruined
    with pytest.raises(ValueError, match="no tensor of the file holds what the model computes"):
        learned_ranges(qat(depthwise_net()), whole, [{"x": pictures[0] + 1}])
    with pytest.raises(ValueError, match="wanted a model that qat made"):
        learned_ranges(depthwise_net(), whole, [{"x": pictures[0]}])


def test_it_wins_back_at_least_half_of_what_int8_lost(ruined):
    model, _, lite, pictures, labels = ruined
    before = accuracy(model.predict(pictures, verbose=0), labels)
    lost = before - accuracy(run_lite(lite, {"x": pictures})["y"], labels)
    assert lost > 0.01
    seen, their_labels = (part[:1200] for part in digits())
    aware = compiled(qat(model, [{"x": picture} for picture in seen[:128]]), 1e-3)
    aware.fit(seen, their_labels, batch_size=64, epochs=5, verbose=0, callbacks=[Settle()])
    after = accuracy(run_lite(int8_of(model, seen[:128]), {"x": pictures})["y"], labels)
    assert before - after < 0.5 * lost


def test_a_run_comes_back_as_a_plain_one_and_keeps_its_zeros(run, stamps, tmp_path):
    training = mmkeras.Training(batch_size=32, learning_rate=3e-4)
    pruned = prune(run, stamps.train, stamps.valid, 0.5, epochs=1, training=training)
    zeros = [ops.convert_to_numpy(weight) == 0 for weight in pruned.model.trainable_weights]
    aware = qat(pruned, stamps.train, stamps.valid, 1, tmp_path / "run", training)
    assert not isinstance(aware.model, QuantizationAware)
    assert sparsity_of(aware.model) == pytest.approx(sparsity_of(pruned.model), abs=1e-3)
    kept = [ops.convert_to_numpy(weight) for weight in aware.model.trainable_weights]
    for zero, weight in zip(zeros, kept, strict=True):
        if 0.01 < zero.mean() < 1:
            np.testing.assert_array_equal(weight[zero], 0.0)
    assert any(
        (a != ops.convert_to_numpy(b)).any()
        for a, b in zip(kept, pruned.model.trainable_weights, strict=True)
    )
    stored = mmkeras.load(aware.path)
    steps = [*pruned.about["steps"], {"step": "qat", "settle": 0.5, "epochs": 1}]
    assert stored.about["steps"] == steps
    assert stored.recipe == run.recipe


def adapt_statistics(model, rows):
    """Those of batch normalisation to the rows, as after a long training."""
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.3
    for _ in range(8):
        model(rows, training=True)


FAMILIES = ("MobileNetV2", "ResNet50", "EfficientNetB0")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_the_families_learn_and_come_near_their_files(family):
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, family)(
        input_shape=(32, 32, 3), weights=None, classes=4, include_top=True
    )
    labels = np.arange(32) % 4
    random = np.random.default_rng(0)
    pictures = random.uniform(0, 200, (32, 32, 32, 3)) + 18.0 * labels[:, None, None, None]
    feed = {model.inputs[0].name: pictures.astype(np.float32)}
    rows = next(iter(feed.values()))
    adapt_statistics(model, rows)  # else the ranges are those of no trained model
    aware = compiled(qat(model, rows_of(feed)), 1e-3)
    losses = aware.fit(rows, labels, batch_size=16, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    adapt_statistics(model, rows)
    aware = qat(model, rows_of(feed))
    lite = quantize(model, "int8", rows_of(feed))
    (file,) = run_lite(lite, feed).values()
    ours, plain = (ops.convert_to_numpy(m(rows, training=False)) for m in (aware, model))
    assert np.abs(ours - file).mean() < np.abs(plain - file).mean()


@pytest.mark.slow
def test_a_transformer_of_keras_hub_learns_with_rounding_and_keeps_zeros_and_shared_values():
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=200,
        num_layers=1,
        num_heads=4,
        hidden_dim=64,
        intermediate_dim=128,
        max_sequence_length=16,
    )
    answer = layers.Dense(2, activation="softmax", name="y")(backbone.output["pooled_output"])
    model = keras.Model(backbone.input, answer)
    model = cluster(prune(model, 0.5), 16)
    random = np.random.default_rng(0)
    rows = {
        "token_ids": random.integers(1, 200, (32, 16)),
        "segment_ids": np.zeros((32, 16), int),
        "padding_mask": np.ones((32, 16), int),
    }
    labels = rows["token_ids"][:, 0] % 2
    before = [kernel.numpy() for kernel in kernels_of(model)]
    aware = compiled(qat(model, rows_of(rows)), 1e-3)
    losses = aware.fit(rows, labels, epochs=4, verbose=0, callbacks=[Settle()]).history["loss"]
    assert losses[-1] < losses[0]
    for old, new in zip(before, kernels_of(model), strict=True):
        np.testing.assert_array_equal(new.numpy() == 0, old == 0)
        assert (new.numpy() != old).any(), new.name
        assert len(np.unique(new.numpy())) <= 16, new.name


def test_behind_a_frozen_tower_the_rest_still_learns_with_rounding():
    image = mmkeras.Image("cnn", size_px=(32, 32), trainable=False)
    table = mmkeras.Text("embedding", length=4, vocabulary=50)
    model = mmkeras.build_model(image=image, text=table, fusion="concat", num_classes=2, width=8)
    whole = qat(model)
    head = head_model(whole, ("image",))
    assert isinstance(head, QuantizationAware)
    rounded, here = ({name.split("/")[0] for name in of.scaled_weights} for of in (whole, head))
    assert here < rounded
    assert all(name.startswith("image") for name in rounded - here)
    for number, where in enumerate(head.ranges):
        if where.span is None:
            where.high.assign(1.0 + number)
    give_back(head, whole)  # with the ranges that it learned
    learned = [each for each in plain_ranges(head) if each[0] not in ("image", "text")]
    assert len(learned) > 3
    assert all(each in plain_ranges(whole) for each in learned)
