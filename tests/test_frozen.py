from dataclasses import replace

import numpy as np
import pytest

from mmkeras import (
    Classify,
    Image,
    Recipe,
    Training,
    Video,
    assemble,
    fit,
    load_manifest,
)
from mmkeras.frozen import frozen_inputs, head_model, through_towers
from mmkeras.prepare import prepare
from mmkeras.tokenizer import train_tokenizer


@pytest.fixture
def frozen(recipe):
    """The picture's and the sound's towers keep their weights."""
    return replace(
        recipe,
        inputs={
            **recipe.inputs,
            "image": Image("cnn", (16, 16), trainable=False),
            "audio": replace(recipe.inputs["audio"], trainable=False),
        },
    )


@pytest.fixture
def manifest(toy):
    return load_manifest(toy, "picture", "words", "sound", {"animal": "classify"})


@pytest.fixture
def data(manifest, frozen):
    return prepare(manifest, frozen, train_tokenizer(["a black cat"], 270))


def test_a_tower_is_frozen_by_its_recipe(recipe, frozen):
    assert frozen_inputs(recipe) == ()
    assert frozen_inputs(frozen) == ("image", "audio")


def test_head_on_features_answers_as_the_whole_model_on_pixels(frozen, data):
    model = assemble(frozen)
    features = through_towers(model, ("image", "audio"), data)
    head = head_model(model, ("image", "audio"))
    np.testing.assert_allclose(
        head(features.feed())["animal"], model(data.feed())["animal"], atol=1e-5
    )


def test_a_frozen_branch_is_cut_behind_its_last_layer(frozen, data):
    """The dense text branch has a layer behind its pool; a cut at the pool would skip it."""
    text = replace(frozen.inputs["text"], branch="dense", trainable=False)
    model = assemble(replace(frozen, inputs={**frozen.inputs, "text": text}))
    features = through_towers(model, ("text",), data)
    head = head_model(model, ("text",))
    np.testing.assert_allclose(
        head(features.feed())["animal"], model(data.feed())["animal"], atol=1e-5
    )


def test_features_are_computed_once_for_each_distinct_file(frozen, data):
    features = through_towers(assemble(frozen), ("image",), data)
    assert features.inputs["image"].values.shape == (20, 128)  # one place left of 16 x 16 px
    assert features.inputs["text"] is data.inputs["text"]
    np.testing.assert_array_equal(features.inputs["image"].index, data.inputs["image"].index)


def test_training_the_head_trains_the_model_and_leaves_its_towers(frozen, manifest):
    model = assemble(frozen)
    layers = ("image_cnn", "audio_cnn", "text_embedding", "image_feature", "fusion")
    before = {name: model.get_layer(name).get_weights() for name in layers}
    training = Training(batch_size=4, augment=True)  # features are not to be varied as pixels
    run = fit(model, manifest, manifest, epochs=2, training=training)
    assert run.model is model

    def moved(name):
        after = model.get_layer(name).get_weights()
        return any(not np.array_equal(a, b) for a, b in zip(after, before[name], strict=True))

    assert {name: moved(name) for name in layers} == {
        "image_cnn": False,
        "audio_cnn": False,
        "text_embedding": True,
        "image_feature": True,
        "fusion": True,
    }


@pytest.mark.parametrize(("time", "whole"), [("mean", ("clip",)), ("gru", ())])
def test_what_reads_the_frames_of_a_frozen_film_in_order_still_trains(time, whole):
    film = Video("cnn", 2, (16, 16), time, trainable=False)
    recipe = Recipe(inputs={"clip": film}, outputs={"label": Classify(2)}, fusion="concat")
    assert frozen_inputs(recipe) == whole
