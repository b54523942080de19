"""A slimmed model is the large one without those channels: over every kind of layer."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers, ops

from mmkeras_export.shrinking.slimming.graph import channels_of
from mmkeras_export.shrinking.slimming.rebuilding import rebuilt

ROWS = 3


def convolution(x, filters, kernel=3, **options):
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, **options)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def residual(x):
    y = convolution(convolution(x, 6), x.shape[-1])
    return layers.ReLU()(layers.Add()([x, y]))


def forked(x):
    return layers.Concatenate()([convolution(x, 4), x, convolution(x, 6, kernel=1)])


def depthwise(x):
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x)
    return convolution(layers.ReLU()(layers.BatchNormalization()(x)), 8, kernel=1)


def separable(x):
    x = layers.SeparableConv2D(10, 3, padding="same", depth_multiplier=2, activation="relu")(x)
    return convolution(layers.ZeroPadding2D(1)(x), 6)


def grouped(x):
    x = convolution(x, 8)
    return convolution(layers.Conv2D(12, 3, groups=4, activation="relu")(x), 6)


def excited(x):
    y = layers.GlobalAveragePooling2D()(x)
    y = layers.Reshape((1, 1, y.shape[-1]))(y)
    y = layers.Conv2D(5, 1, activation="silu")(y)
    return layers.Multiply()([x, layers.Conv2D(x.shape[-1], 1, activation="sigmoid")(y)])


def enlarged(x):
    x = layers.MaxPooling2D(2)(x)
    return layers.Cropping2D(1)(layers.Conv2DTranspose(7, 2, 2, activation="relu")(x))


def watched(x):
    """One weight a place, for all channels."""
    return layers.Multiply()([x, layers.Conv2D(1, 1, activation="sigmoid")(x)])


def by_operations(x):
    y = ops.relu(x) * 2.0 - ops.max(x, axis=(1, 2), keepdims=True)
    y = ops.concatenate([y, x], axis=-1)
    return ops.transpose(ops.transpose(y, (0, 3, 1, 2)), (0, 2, 3, 1))


BLOCKS = {
    block.__name__: block
    for block in (
        *(residual, forked, depthwise, separable, grouped, excited, enlarged, watched),
        by_operations,
    )
}


def of_blocks(names, end="flat"):
    start = keras.Input((6, 6, 3))
    x = convolution(start, 8)
    for name in names:
        x = BLOCKS[name](x)
    x = layers.Flatten()(x) if end == "flat" else layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(7, activation="relu")(x)
    return keras.Model(start, layers.Dense(3, activation="softmax")(layers.Dropout(0.5)(x)))


def pixels(seed=0):
    return np.random.default_rng(seed).normal(size=(ROWS, 6, 6, 3)).astype(np.float32)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_cut_as_if_its_channels_were_zero(block, check_slim, settle):
    check_slim(settle(of_blocks([block])), pixels())


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(sorted(BLOCKS)), min_size=2, max_size=3), st.integers(0, 99))
def test_so_is_any_chain_of_them(check_slim, settle, names, seed):
    check_slim(settle(of_blocks(names, "average"), seed), pixels(seed), seed)


def steps(cell):
    """What an encoder of tokens makes of 5 out of 20 words."""
    ids = keras.Input((5,), dtype="int32")
    x = cell(layers.Embedding(20, 12)(ids))
    return keras.Model(ids, layers.Dense(3)(layers.Dense(6)(layers.Flatten()(x))))


class Places(layers.Layer):
    """Tokens plus a vector a place; no rule knows it."""

    def build(self, shape):
        self.places = self.add_weight(shape[1:], name="places")

    def call(self, tokens):
        return tokens + self.places


SEQUENCES = {
    "simple_rnn": lambda x: layers.SimpleRNN(8, return_sequences=True)(x),
    "gru": lambda x: layers.GRU(8, return_sequences=True)(layers.GRU(6, return_sequences=True)(x)),
    "old_gru": lambda x: layers.GRU(8, reset_after=False, use_bias=False)(x),
    "lstm": lambda x: layers.LSTM(8, return_state=True)(x)[1],
    "bidirectional": lambda x: layers.Bidirectional(layers.LSTM(8, return_sequences=True))(x),
    "bidirectional_sum": lambda x: layers.Bidirectional(layers.GRU(8), merge_mode="sum")(x),
    "convolution": lambda x: layers.MaxPooling1D(2)(layers.Conv1D(8, 3)(x)),
    "attention": lambda x: x + layers.MultiHeadAttention(4, 3)(x, x),
    "attention_of_a_width": lambda x: layers.MultiHeadAttention(3, 4, output_shape=6)(x, x, key=x),
    "unknown_places": lambda x: Places()(layers.Dense(8)(x)),
    "unknown_masks": lambda x: ops.where(x > 0, x, ops.zeros_like(x)),
    "mean": lambda x: ops.mean(x, axis=1) + ops.max(x, axis=1),
    "stacked": lambda x: ops.stack([x[:, 0], x[:, 1], x[:, 4]], axis=1),
    "summed": lambda x: layers.Dense(4)(ops.sum(x, axis=-1)),
    "prelu": lambda x: layers.PReLU(shared_axes=[1])(layers.Dense(9)(x)),
    "several": lambda x: layers.TimeDistributed(layers.Dense(5))(x),
    "silent": lambda x: layers.SpatialDropout1D(0.5)(layers.GaussianNoise(1.0)(x)),
}


@pytest.mark.parametrize("cell", SEQUENCES)
def test_so_is_what_reads_a_sequence(cell, check_slim, settle):
    ids = np.random.default_rng(0).integers(0, 20, (ROWS, 5))
    check_slim(settle(steps(SEQUENCES[cell])), ids, read=cell != "summed")


def test_a_unit_of_the_gates_is_silent_only_where_nobody_reads_it(check_slim, settle):
    """sigmoid(0) is 0.5: zero where it is made is not zero where it is read."""
    start = keras.Input((4,))
    x = layers.Dense(9, activation="sigmoid")(start)
    model = keras.Model(start, layers.Dense(2)(x))
    check_slim(settle(model), np.ones((1, 4)), silent=False)


def test_layers_that_are_called_twice_lose_the_same_channels(check_slim, settle):
    left, right = keras.Input((6, 6, 3), name="left"), keras.Input((6, 6, 3), name="right")
    start = keras.Input((6, 6, 3))
    tower = keras.Model(start, residual(convolution(start, 8)), name="tower")
    pool, dense = layers.GlobalAveragePooling2D(), layers.Dense(6, name="both")
    each = [dense(pool(tower(x))) for x in (left, right)]
    near = layers.Dense(2, name="near")(layers.Subtract()(each))
    model = keras.Model([left, right], {"near": near})
    small = check_slim(settle(model), [pixels(0), pixels(1)])
    assert [layer.name for layer in small.layers] == [layer.name for layer in model.layers]
    assert list(small.output) == ["near"]


def test_a_tower_within_a_tower_and_a_sequential_one_lose_channels_from_without(check_slim, settle):
    inner_start = keras.Input((6, 6, 8))
    inner = keras.Model(inner_start, convolution(inner_start, 6), name="inner")
    outer_start = keras.Input((6, 6, 8))
    outer = keras.Model(outer_start, residual(inner(outer_start)), name="outer")
    end = keras.Sequential([layers.Flatten(), layers.Dense(9, "relu"), layers.Dense(2)], name="end")
    start = keras.Input((6, 6, 3))
    small = check_slim(settle(keras.Model(start, end(outer(convolution(start, 8))))), pixels())
    assert small.get_layer("outer").get_layer("inner").input.shape[-1] < 8


def test_a_sequential_model_becomes_a_functional_one(check_slim, settle):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(9, "relu"), layers.Dense(2)])
    small = check_slim(settle(model), np.random.default_rng(0).normal(size=(16, 4)))
    assert [tensor.name for tensor in small.inputs] == [tensor.name for tensor in model.inputs]


def test_the_small_model_is_stored_and_loaded_by_plain_keras(tmp_path, settle):
    model = settle(of_blocks(["excited", "grouped", "by_operations"]))
    channels = channels_of(model)
    small = rebuilt(channels, [group.atoms[0] for group in channels.groups])
    small.save(tmp_path / "small.keras")
    loaded = keras.models.load_model(tmp_path / "small.keras")
    np.testing.assert_array_equal(loaded(pixels()), small(pixels()))
    assert type(loaded) is type(small)


def test_a_lambda_and_operations_without_a_config_are_rebuilt(check_slim, settle):
    start = keras.Input((4,))
    x = layers.Lambda(lambda x: 2.0 * x)(layers.Dense(9)(start))
    x = ops.where(ops.less(x, 0.0), np.float32(0.0), x)
    check_slim(settle(keras.Model(start, layers.Dense(2)(x))), np.ones((1, 4)))


def test_a_layer_without_a_config_is_named():
    class Scaled(layers.Layer):
        def __init__(self, by):
            super().__init__(name="scaled")
            self.by = by

        def call(self, x):
            return x * self.by

    start = keras.Input((4,))
    model = keras.Model(start, layers.Dense(2)(Scaled(np.float32(2))(layers.Dense(9)(start))))
    with pytest.raises(ValueError, match="'scaled' cannot be built anew: give Scaled a get_config"):
        rebuilt(channels_of(model))


def test_what_is_frozen_stays_frozen_and_the_large_model_stays_as_it_is(settle):
    model = settle(of_blocks(["residual"]))
    model.layers[1].trainable = False
    before = model.get_weights()
    copy = rebuilt(channels_of(model))
    assert [layer.trainable for layer in copy.layers] == [layer.trainable for layer in model.layers]
    for a, b in zip(copy.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not {id(weight) for weight in copy.weights} & {id(weight) for weight in model.weights}
