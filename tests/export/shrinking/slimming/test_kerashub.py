"""Transformers: heads and hidden units are cut, KerasHub's own encoder too."""

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras_export import Cut, slim
from mmkeras_export.shrinking.slimming.graph import channels_of

ROWS, TOKENS, WIDTH = 2, 5, 12


def tokens():
    return np.random.default_rng(0).normal(size=(ROWS, TOKENS, WIDTH)).astype(np.float32)


def block(x):
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(4, 3, name="attention")(y, y)])
    y = layers.Dense(24, activation="gelu", name="up")(layers.LayerNormalization()(x))
    return layers.Add()([x, layers.Dense(WIDTH)(y)])


def test_a_transformer_loses_heads_and_hidden_units(check_slim, settle):
    start = keras.Input((TOKENS, WIDTH))
    x = layers.GlobalAveragePooling1D()(block(start))
    small = check_slim(settle(keras.Model(start, layers.Dense(3)(x))), tokens())
    attention = small.get_layer("attention")
    assert attention.num_heads < 4
    assert attention.key_dim == 3
    assert small.get_layer("up").units < 24


def test_half_of_a_transformer_goes_by_whole_heads_and_multiples_of_hidden_units():
    start = keras.Input((TOKENS, WIDTH))
    model = keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling1D()(block(start))))
    small = slim(model, 0.5, Cut(multiple=4))
    assert (small.get_layer("attention").num_heads, small.get_layer("up").units) == (2, 8)


def test_the_encoder_of_kerashub_loses_hidden_units_and_keeps_its_heads(check_slim, settle):
    keras_hub = pytest.importorskip("keras_hub")
    start = keras.Input((TOKENS, WIDTH))
    x = keras_hub.layers.TransformerEncoder(24, 3, name="encoder")(layers.Dense(WIDTH)(start))
    model = keras.Model(start, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))
    small = check_slim(settle(model), tokens())
    assert small.get_layer("encoder").intermediate_dim < 24
    assert small.get_layer("encoder").num_heads == 3
    assert channels_of(model).pinned == {"encoder": "its width decides the size of its heads"}
