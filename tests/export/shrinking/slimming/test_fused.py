"""Slimmed models of `build_model`: branches, fusions, and on to the device."""

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras_export import Cut, convert, run_lite, slim, slimmed

ROWS = 3


def fused(fusion="concat", image="cnn", text="embedding", audio="cnn", **options):
    keras.utils.set_random_seed(0)
    return mmkeras.build_model(
        image=mmkeras.Image(image, size_px=(32, 32)),
        text=mmkeras.Text(text, length=4, vocabulary=50, units=16),
        audio=mmkeras.Audio(audio, clip_ms=128, rate_hz=8_000, mels=16),
        fusion=fusion,
        width=16,
        num_classes=3,
        optional=("audio",),
        **options,
    )


def feed_of(model):
    random = np.random.default_rng(0)
    feed = {}
    for name, tensor in model.input.items():
        shape = (ROWS, *tensor.shape[1:])
        if tensor.dtype == "float32":
            feed[name] = random.uniform(-1, 1, shape).astype(np.float32)
        else:
            feed[name] = random.integers(0, 50, shape).astype(tensor.dtype)
    feed["audio_present"] = np.array([1, 0, 1], np.float32)
    return feed


FUSIONS = ("concat", "gated", "self_attention", "tensor", "vote")


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_fused_model_is_cut_as_if_its_channels_were_zero(fusion, check_slim, settle):
    model = settle(fused(fusion))
    small = check_slim(model, feed_of(model), silent=False, read=False)
    assert mmkeras.recipe_of(small) == mmkeras.recipe_of(model)
    assert list(small.input) == list(model.input)
    assert list(small.output) == ["label"]


BRANCHES = [
    {"text": "textcnn", "audio": "tcn"},
    {"text": "bigru", "audio": "crnn"},
    {"text": "transformer", "audio": "transformer"},
    {"text": "dense", "audio": "waveform_cnn"},
]


@pytest.mark.parametrize("names", BRANCHES, ids=lambda names: "-".join(names.values()))
def test_so_is_every_kind_of_branch(names, check_slim, settle):
    model = settle(fused(**names))
    small = check_slim(model, feed_of(model), silent=False, read=False)
    assert mmkeras.recipe_of(small) == mmkeras.recipe_of(model)


@pytest.mark.parametrize("fusion", ["concat", "self_attention"])
def test_the_device_answers_as_the_small_model_does(fusion, settle):
    model = settle(fused(fusion))
    small = slim(model, 0.5, Cut(multiple=4))
    feed = feed_of(model)
    wanted = keras.ops.convert_to_numpy(small(feed)["label"])
    lite = convert(small)
    np.testing.assert_allclose(run_lite(lite, feed)["label"], wanted, rtol=0, atol=1e-5)
    assert len(lite) < 0.75 * len(convert(model))


def test_each_branch_loses_its_share_and_the_report_says_so():
    model = fused()
    small = slim(model, {"image_*": 0.6, "audio_*": 0.3}, Cut(multiple=1))
    lost = slimmed(model, small)
    left = {
        name: lost.after[name].multiply_adds / of.multiply_adds
        for name, of in lost.before.items()
        if of.multiply_adds
    }
    assert 0.3 < left["image"] <= 0.4
    assert 0.6 < left["audio"] <= 0.7
    assert left["text"] == 1.0
    assert [line.split()[0] for line in str(lost).splitlines()] == [
        *("branch", "image", "text", "audio", "(rest)", "all"),
    ]
