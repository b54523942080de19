from dataclasses import replace

import keras
import numpy as np
import pytest

from mmkeras import (
    Classify,
    Image,
    Recipe,
    Text,
    Training,
    Video,
    assemble,
    fit,
    load_manifest,
)
from mmkeras.frozen import frozen_inputs, give_back, head_model, through_towers
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


@pytest.mark.parametrize("fusion", ["average", {"name": "hybrid", "early": "concat"}, "film"])
def test_head_is_cut_whatever_fuses(frozen, data, fusion):
    model = assemble(replace(frozen, fusion=fusion))
    head = head_model(model, ("image", "audio"))
    assert {layer.name for layer in model.layers} - {layer.name for layer in head.layers} > {
        "image_cnn",
        "audio_log_mel",
    }
    features = through_towers(model, ("image", "audio"), data)
    np.testing.assert_allclose(
        head(features.feed())["animal"], model(data.feed())["animal"], atol=1e-5
    )


def test_model_can_be_saved_after_its_head_was_trained(frozen, data, tmp_path):
    """A head on the model's own layers would leave it with calls that it cannot save."""
    model = assemble(frozen)
    features = through_towers(model, ("image",), data)
    head = head_model(model, ("image",))
    head.compile("sgd", {"animal": "sparse_categorical_crossentropy"})
    head.fit(features.feed(), {"animal": np.arange(20) % 2}, verbose=0)
    give_back(head, model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again(data.feed())["animal"], head(features.feed())["animal"], atol=1e-5
    )


def test_head_drops_out_in_training_alone(frozen, data):
    head = head_model(assemble(frozen), ("image",))
    features = through_towers(assemble(frozen), ("image",), data).feed()
    calm, wild = ([head(features, training=t)["animal"] for _ in "12"] for t in (False, True))
    np.testing.assert_array_equal(*calm)
    assert np.abs(wild[0] - wild[1]).max() > 1e-3


def test_a_run_goes_on_without_the_files_that_it_began_with(frozen, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("cat 1 2 3\ndog 3 2 1\n")
    text = Text("embedding", length=4, vocabulary=300, weights=str(vectors))
    recipe = replace(frozen, inputs={**frozen.inputs, "text": text})
    model = assemble(recipe)
    vectors.unlink()
    head = head_model(model, ("image", "audio"))
    assert head.get_layer("text_embedding").table.shape == (300, 3)


def test_an_input_can_be_frozen_for_a_while(recipe, frozen):
    assert frozen_inputs(recipe, ("text",)) == ("text",)
    assert frozen_inputs(frozen, ("text",)) == ("image", "text", "audio")


@pytest.mark.parametrize(("time", "whole"), [("mean", ("clip",)), ("gru", ())])
def test_what_reads_the_frames_of_a_frozen_film_in_order_still_trains(time, whole):
    film = Video("cnn", 2, (16, 16), time, trainable=False)
    recipe = Recipe(inputs={"clip": film}, outputs={"label": Classify(2)}, fusion="concat")
    assert frozen_inputs(recipe) == whole
