"""Multiply-adds against the published ones, and what a slimmed model is said to have lost."""

import keras
import pytest
from keras import layers

from mmkeras.belonging import branch_of
from mmkeras.branches.log_mel import LogMel
from mmkeras.branches.mfcc import Mfcc
from mmkeras_edge.specs import AudioSpec
from mmkeras_export import Cut, multiply_adds, slim, slimmed
from mmkeras_export.shrinking.slimming.costs import Size, sizes


@pytest.mark.parametrize(
    ("build", "millions"),
    [  # Howard et al., 2017, table 4; Sandler et al., CVPR 2018, table 4; He et al., CVPR 2016
        (keras.applications.MobileNet, 569),
        pytest.param(keras.applications.MobileNetV2, 300, marks=pytest.mark.slow),
        pytest.param(keras.applications.ResNet50, 3_858, marks=pytest.mark.slow),
    ],
)
def test_the_multiply_adds_of_known_models_are_those_of_their_papers(build, millions):
    found = sum(multiply_adds(build(weights=None)).values()) / 1e6
    assert found == pytest.approx(millions, rel=0.01)


def test_attention_multiplies_tokens_with_tokens():
    tokens = keras.Input((10, 8))
    x = layers.MultiHeadAttention(4, 2, use_bias=False, name="attention")(tokens, tokens)
    # four matrices of 8 x 8 for each token, scores and sums of 10 x 10 pairs
    assert multiply_adds(keras.Model(tokens, x)) == {"attention": 4 * 10 * 64 + 2 * 100 * 8}


def test_a_recurrent_layer_works_at_every_step():
    steps = keras.Input((10, 8))
    x = layers.LSTM(4, name="lstm")(steps)
    assert multiply_adds(keras.Model(steps, x)) == {"lstm": 10 * 4 * (8 + 4) * 4}


def test_an_audio_front_end_works_though_it_has_no_weights():
    spec = AudioSpec(rate_hz=8_000, clip_ms=1_000, mels=20)
    samples = keras.Input(spec.shape)
    model = keras.Model(samples, Mfcc(8, name="mfcc")(LogMel.of(spec, name="log_mel")(samples)))
    quarter = spec.hop_samples * spec.window_hops // 4
    bins = 2 * quarter - 1  # without 0 Hz and half the rate
    assert multiply_adds(model) == {
        "log_mel": spec.frames * (2 * quarter * bins + bins * 20),
        "mfcc": spec.frames * 20 * 8,
    }


def test_a_shared_layer_works_as_often_as_it_is_called():
    start = keras.Input((6,))
    dense = layers.Dense(6, name="twice")
    assert multiply_adds(keras.Model(start, dense(dense(start)))) == {"twice": 72}


def test_what_was_lost_is_shown_by_tower():
    start = keras.Input((8,))
    inner = keras.Input((8,))
    tower = layers.Dense(8, name="out")(layers.Dense(32, name="in")(inner))
    x = keras.Model(inner, tower, name="tower")(start)
    model = keras.Model(start, layers.Dense(2)(x))
    lost = slimmed(model, slim(model, {"tower/*": 0.5}, Cut(protect=("tower/out",), most=0.5)))
    assert lost.before["tower"] == Size(8 * 32 + 32 + 32 * 8 + 8, 512)
    assert lost.before["(rest)"] == lost.after["(rest)"] == Size(18, 16)
    assert lost.whole[0] == Size(570, 528)
    assert str(lost).splitlines()[-1].split() == ["all", "570", "->", "298", "0.00", "->", "0.00"]


def test_the_branch_of_a_layer_is_the_longest_name_that_it_begins_with():
    assert branch_of("image_left_cnn/conv2d", ("image", "image_left")) == "image_left"
    assert branch_of("image_dropout", ("image", "image_left")) == "image"
    assert branch_of("fusion", ("image",)) == "(rest)"
    assert sizes(keras.Sequential([keras.Input((2,)), layers.Dense(3)])) == {"(rest)": Size(9, 6)}
