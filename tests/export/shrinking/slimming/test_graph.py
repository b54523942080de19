"""Which channels belong together, and which stay."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from mmkeras_export.shrinking.slimming.graph import channels_of


def groups(model):
    return {group.makers: len(group) for group in channels_of(model).groups}


def test_a_residual_sum_ties_what_it_adds():
    start = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, padding="same", name="stem")(start)
    y = layers.Conv2D(4, 3, padding="same", name="first")(x)
    y = layers.Conv2D(6, 3, padding="same", name="second")(y)
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    model = keras.Model(start, layers.Dense(2, name="head")(x))
    assert groups(model) == {("stem", "second"): 6, ("first",): 4}


def test_a_concatenation_leaves_its_parts_apart():
    start = keras.Input((8,))
    parts = [layers.Dense(n, name=f"of_{n}")(start) for n in (3, 5)]
    model = keras.Model(start, layers.Dense(2, name="head")(layers.Concatenate()(parts)))
    (three, five) = channels_of(model).groups
    assert (three.makers, five.makers) == (("of_3",), ("of_5",))
    rows = {each.path: each.ids for each in channels_of(model).weights if each.role == "takes"}
    np.testing.assert_array_equal(rows["head"], [*three.atoms, *five.atoms])


def test_a_flattened_channel_is_a_row_for_each_place():
    start = keras.Input((4, 4, 1))
    x = layers.Flatten()(layers.Conv2D(3, 3, name="maps")(start))  # 2 x 2 places
    channels = channels_of(keras.Model(start, layers.Dense(2, name="head")(x)))
    (group,) = channels.groups
    (rows,) = (each.ids for each in group.slices if each.role == "takes")
    np.testing.assert_array_equal(rows, np.tile(group.atoms, 4))


def test_inputs_and_outputs_stay():
    start = keras.Input((4,))
    x = layers.Dense(6, name="seen")(start)
    model = keras.Model(start, [layers.Dense(2, name="head")(x), x])
    assert groups(model) == {}


class Mixing(layers.Layer):
    """Every channel looks at its neighbour."""

    def call(self, x):
        return x + ops.roll(x, 1, axis=-1)


class Widening(layers.Layer):
    """It has the width that it was first built for, whatever comes later."""

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 2 * shape[-1]), name="kernel")

    def call(self, x):
        return ops.matmul(x, self.kernel)


class Derived(layers.Dense):
    """May do anything."""

    def call(self, x):
        return super().call(x)[..., ::-1]


@pytest.mark.parametrize(
    "unknown",
    [
        Mixing(),
        layers.Softmax(),
        layers.GroupNormalization(2),
        layers.Lambda(lambda x: x * np.arange(8.0, dtype="float32")),
        layers.Lambda(lambda x: x[..., :4]),
        layers.Lambda(lambda x: ops.mean(x, axis=-1, keepdims=True)),
        layers.Lambda(lambda x: ops.max(x, axis=-1, keepdims=True)),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_that_needs_all_its_channels_keeps_them(unknown):
    start = keras.Input((8,))
    y = unknown(layers.Dense(8, name="before")(start))
    channels = channels_of(keras.Model(start, layers.Dense(2, name="head")(y)))
    cut = {maker for group in channels.groups for maker in group.makers}
    assert "before" not in cut
    assert list(channels.pinned) == [unknown.name]


def test_a_layer_that_no_rule_knows_may_be_cut_where_it_reads():
    start = keras.Input((4,))
    x = Widening(name="unknown")(layers.Dense(8, name="before")(start))
    channels = channels_of(keras.Model(start, layers.Dense(2)(x)))
    assert channels.pinned == {}  # its 16 columns follow from its 8 rows: both are cut


def test_a_derived_layer_keeps_its_own_units_and_may_be_cut_where_it_reads():
    start = keras.Input((4,))
    x = Derived(6, name="derived")(layers.Dense(8, name="before")(start))
    assert groups(keras.Model(start, layers.Dense(2)(x))) == {("before",): 8}


def test_layer_normalisation_is_followed_and_marked():
    start = keras.Input((4,))
    x = layers.LayerNormalization(name="norm")(layers.Dense(6, name="wide")(start))
    x = layers.Dense(5, activation="relu", name="plain")(x)
    model = keras.Model(start, layers.Dense(2)(x))
    assert {g.makers: g.normed for g in channels_of(model).groups} == {
        ("wide",): True,
        ("plain",): False,
    }


def test_heads_are_cut_whole():
    tokens = keras.Input((5, 8))
    x = layers.MultiHeadAttention(4, 2, name="attention")(tokens, tokens)
    (group,) = channels_of(keras.Model(tokens, x)).groups
    assert (group.makers, len(group), group.heads) == (("attention",), 4, True)


def test_a_model_without_a_graph_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="wanted a functional or sequential"):
        channels_of(Own())


def test_a_tower_whose_call_is_its_own_is_not_taken_apart():
    class Doubling(keras.Model):
        def call(self, x):
            return 2.0 * super().call(x)

    start = keras.Input((4,))
    inner = keras.Input((6,))
    tower = Doubling(inner, layers.Dense(6, name="within")(inner), name="doubling")
    x = layers.Dense(6, name="before")(start)
    assert groups(keras.Model(start, layers.Dense(2)(tower(x)))) == {}
