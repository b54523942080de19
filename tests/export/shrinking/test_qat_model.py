import keras
import numpy as np
import pytest
from keras import layers, ops

from mmkeras_export import Settle, qat, strip
from mmkeras_export.quantizing.quantization import islands_of
from mmkeras_export.shrinking.qat_places import places_of
from mmkeras_export.shrinking.qat_weights import scaled_weights

X = np.random.default_rng(0).normal(size=(32, 8, 8, 3)).astype(np.float32)
Y = np.arange(32) % 3


def small(**options):
    """A convolution with all that goes with it, a residual sum and two dense layers."""
    x = keras.Input((8, 8, 3), name="x")
    y = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(x)
    y = layers.BatchNormalization(name="bn", **options)(y)
    y = layers.ReLU(6.0, name="relu")(y)
    z = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(y)
    y = layers.Add(name="sum")([y, layers.Dropout(0.2, name="dropout")(z)])
    y = layers.Activation("relu", name="rectified")(y)
    y = layers.Flatten(name="flat")(layers.MaxPooling2D(name="max")(y))
    y = layers.Dense(16, activation="silu", name="hidden")(y)
    return keras.Model(x, layers.Dense(3, activation="softmax", name="y")(y))


def samples(count=16):
    return [{"x": row} for row in X[:count]]


def values(variables):
    return [ops.convert_to_numpy(variable) for variable in variables]


def trained(aware, epochs=1, optimizer=None, callbacks=()):
    aware.compile(optimizer or keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    return aware.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, callbacks=list(callbacks))


def test_it_rounds_behind_what_the_converter_merges():
    model = small()
    names = [place.name for place in places_of(model, islands_of(model)).values()]
    inside = ["hidden/inside", "y/inside"]
    # Not between convolution, normalisation and rectifier, nor what only moves numbers.
    behind = ["relu/0", "depthwise/0", "rectified/0", "hidden/0", "y/0"]
    assert sorted(names) == sorted(["x", *inside, *behind])


def test_a_layer_in_an_island_stays_float_and_its_neighbours_do_not():
    x = keras.Input((4,), name="x")
    y = layers.LayerNormalization(name="norm")(layers.Dense(4, name="first")(x))
    softmax = layers.Softmax(name="softmax")(y)
    model = keras.Model(x, {"softmax": softmax, "then": layers.Dense(2, name="then")(y)})
    names = [place.name for place in places_of(model, islands_of(model)).values()]
    assert sorted(names) == ["first/0", "norm/0", "then/0", "x"]


def test_a_tower_with_attention_has_its_weights_rounded_and_nothing_else():
    x = keras.Input((4, 8))
    y = layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    tower = keras.Model(x, layers.Dense(8, name="inner")(y), name="tower")
    text = keras.Input((4, 8), name="text")
    model = keras.Model(text, layers.Dense(2, name="outer")(layers.Flatten()(tower(text))))
    places = places_of(model, islands_of(model))
    # What comes out of the tower is rounded on its way into the dense layer.
    assert [place.name for place in places.values()] == ["tower/inner/0", "outer/0"]
    names = list(qat(model).scaled_weights)
    assert len(names) == 6  # query, key, value and output of the attention, two dense
    assert {name.rsplit("/", 1)[0] for name in names} == {
        "tower/attention", "tower/inner", "outer",
    }  # fmt: skip


def channels(layer, shape):
    layer.build(shape)
    return {weight.name: axes for weight, axes in scaled_weights(layer)}


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.Dense(2), (None, 4), {"kernel": (0,)}),
        (layers.Conv2D(2, 3), (None, 8, 8, 4), {"kernel": (0, 1, 2)}),
        (layers.DepthwiseConv2D(3), (None, 8, 8, 4), {"kernel": (0, 1)}),
        (layers.Conv2DTranspose(2, 3), (None, 8, 8, 4), {"kernel": (0, 1, 3)}),
        (layers.EinsumDense("abc,cde->abde", (None, 2, 4)), (None, 3, 8), {"kernel": (0,)}),
        (layers.EinsumDense("abde,dec->abc", (None, 8)), (None, 3, 2, 4), {"kernel": (0, 1)}),
        (layers.Embedding(5, 4), (None, 3), {"embeddings": (0, 1)}),
        (layers.BatchNormalization(), (None, 4), {}),
    ],
)
def test_which_axes_share_a_scale(layer, shape, axes):
    assert channels(layer, shape) == axes


def test_what_is_rounded_differs_from_the_float_model_a_little():
    model = small()
    aware = qat(model, samples())
    said, wanted = (ops.convert_to_numpy(m(X, training=False)) for m in (aware, model))
    assert 1e-4 < np.abs(said - wanted).mean() < 0.02


def test_it_learns_and_so_does_the_model_that_it_was_made_of():
    model = small()
    aware = qat(model, samples())
    loss = trained(aware, epochs=8).history["loss"]
    assert loss[-1] < 0.7 * loss[0]
    plain = strip(aware)
    assert type(plain) is type(model)
    for ours, theirs in zip(values(plain.weights), values(model.weights), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_stored_and_loaded_by_keras_it_answers_alike(tmp_path):
    aware = qat(small(), samples())
    aware.save(tmp_path / "aware.keras")
    loaded = keras.models.load_model(tmp_path / "aware.keras")
    np.testing.assert_allclose(loaded(X, training=False), aware(X, training=False), atol=1e-6)
    plain = strip(loaded)(X, training=False)
    np.testing.assert_allclose(plain, strip(aware)(X, training=False), atol=1e-6)


def test_settled_ranges_and_statistics_stay():
    model = small(momentum=0.5)
    aware = qat(model, samples())
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            mean = model.get_layer("bn").moving_mean
            seen.append(np.concatenate([np.ravel(v) for v in values([mean, aware.ranges[1].high])]))

    trained(aware, epochs=3, callbacks=[Settle(0.6), Look()])  # after two of them
    assert (seen[0] != seen[1]).all()
    np.testing.assert_array_equal(seen[1], seen[2])


def test_zeros_of_a_pruned_model_stay_zero_and_equal_weights_equal():
    model = small()
    hidden, conv = (model.get_layer(name) for name in ("hidden", "conv"))
    kernel = ops.convert_to_numpy(hidden.kernel)
    pruned = np.abs(kernel) < np.median(np.abs(kernel))
    hidden.kernel.assign(np.where(pruned, 0.0, kernel))
    centroids = np.round(ops.convert_to_numpy(conv.kernel) * 10) / 10
    conv.kernel.assign(centroids)
    _, group = np.unique(centroids, return_inverse=True)
    aware = qat(model, samples())
    assert list(aware.grouped) == ["conv/0"]
    trained(aware, epochs=2, optimizer=keras.optimizers.AdamW(1e-2, weight_decay=1e-2))
    after = ops.convert_to_numpy(hidden.kernel)
    np.testing.assert_array_equal(after[pruned], 0.0)
    assert (after[~pruned] != kernel[~pruned]).all()
    moved = ops.convert_to_numpy(conv.kernel)
    assert np.abs(moved - centroids).max() > 1e-3
    assert all(
        np.unique(moved[group.reshape(moved.shape) == g]).size == 1 for g in range(group.max() + 1)
    )


def test_every_kind_of_layer_with_weights_learns_through_its_rounding():
    ids = keras.Input((6,), dtype="int32", name="ids")
    words = layers.Embedding(9, 8, name="words")(ids)
    seen = layers.MultiHeadAttention(2, 4, dropout=0.1, name="attention")(words, words)
    both = layers.Bidirectional(layers.LSTM(4), name="lstm")(seen)
    parts = layers.Conv1D(4, 2, name="conv")(words)
    pooled = layers.GlobalAveragePooling1D()(layers.SeparableConv1D(4, 2, name="separable")(parts))
    answer = layers.Dense(3, activation="softmax", name="y")(layers.Concatenate()([both, pooled]))
    model = keras.Model({"ids": ids}, {"y": answer})
    aware = qat(model)
    before = dict(zip(aware.scaled_weights, values(aware.scaled_weights.values()), strict=True))
    assert len(before) == 1 + 4 + 4 + 1 + 2 + 1
    states = [v for v in model.get_layer("attention").variables if "seed_generator" in v.path]
    drawn = values(states)
    aware.compile("adam", {"y": "sparse_categorical_crossentropy"})
    rows = {"ids": np.random.default_rng(0).integers(0, 9, (16, 6))}
    aware.fit(rows, {"y": np.arange(16) % 3}, verbose=0)
    for name, weight in aware.scaled_weights.items():
        assert (before[name] != ops.convert_to_numpy(weight)).any(), name
    assert all((a != b).any() for a, b in zip(drawn, values(states), strict=True))


def test_nested_and_shared_models_are_opened():
    x = keras.Input((4,), name="a")
    inner = keras.Model({"a": x}, {"b": layers.Dense(4, name="within")(x)}, name="inner")
    one, other = keras.Input((4,), name="one"), keras.Input((4,), name="other")
    both = [inner({"a": part})["b"] for part in (one, other)]
    block = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="last")], name="block")
    model = keras.Model([one, other], block(layers.Add(name="sum")(both)))
    aware = qat(model)
    names = [place.name for place in aware.places]
    assert names == ["one", "other", "inner/within/0", "inner/within/0", "sum/0", "block/last/0"]
    rows = [X[:, 0, :4, 0], X[:, 1, :4, 0]]
    aware.compile("sgd", "mse")
    aware.fit(rows, np.ones((32, 2)), verbose=0)
    assert strip(aware).predict(rows, verbose=0).shape == (32, 2)


def test_what_cannot_be_done_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match=r"wanted a functional model.*a `call` of its own"):
        qat(Own())
    with pytest.raises(ValueError, match="wanted a model that qat made"):
        strip(small())
    with pytest.raises(ValueError, match=r"share lies between 0 and 1. Received: 1\.5"):
        Settle(1.5)
