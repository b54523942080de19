"""KerasHub's backbones over text, small and random ones: presets are downloads."""

import json
import subprocess
import sys

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from mmkeras import Text, build_model, recipe_of
from mmkeras.branches.text import text_branch

SIZES = {"num_layers": 1, "hidden_dim": 16, "intermediate_dim": 32, "max_sequence_length": 16}
IDS = np.array([[7, 3, 5, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6, 7, 8]], np.int32)


def bert(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    return keras_hub.models.BertBackbone(vocabulary_size=300, num_heads=2, **SIZES)


def built(backbone, length: int = 8, **options) -> keras.Model:
    return build_model(text=Text(backbone, length=length, **options), num_classes=3, width=8)


def answer(model: keras.Model, ids: np.ndarray = IDS) -> np.ndarray:
    return ops.convert_to_numpy(model({"text": ids})["label"])


def test_the_model_has_the_backbone_s_weights_and_reads_what_it_reads():
    backbone = bert()
    tower = built(backbone).get_layer("text_backbone")
    feed = {"token_ids": IDS, "padding_mask": (IDS != 0).astype(int), "segment_ids": 0 * IDS}
    expected, given = (ops.convert_to_numpy(b(feed)["sequence_output"]) for b in (backbone, tower))
    np.testing.assert_array_equal(given, expected)


def test_padding_changes_no_answer():
    short, long = built(bert(), 8), built(bert(), 16)
    long.set_weights(short.get_weights())
    np.testing.assert_allclose(
        answer(long, np.pad(IDS, ((0, 0), (0, 8)))), answer(short), atol=1e-6
    )


def test_a_text_without_tokens_gives_finite_answers():
    assert np.isfinite(answer(built(bert()), 0 * IDS)).all()


def test_it_comes_back_from_its_file_where_keras_hub_was_not_yet_imported(tmp_path):
    model = built(bert())
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "ids.npy", IDS)
    code = (
        "import sys, keras, numpy as np, mmkeras.model\n"
        "model = keras.saving.load_model('model.keras')\n"
        "np.save('answer.npy', model({'text': np.load('ids.npy')})['label'])\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "answer.npy"), answer(model), atol=1e-6)
    plain = json.loads(json.dumps(recipe_of(model).to_dict()))
    assert plain["inputs"]["text"]["branch"]["class_name"] == "BertBackbone"
    assert recipe_of(model).inputs["text"].tokens == 300


@pytest.mark.parametrize("family", ["DistilBert", "Roberta", "Electra", "GPT2"])
def test_relatives_that_take_and_give_other_things_fit_too(family):
    sizes = {**SIZES, "num_heads": 2, "vocabulary_size": 300}
    if family == "Electra":
        sizes["vocab_size"] = sizes.pop("vocabulary_size")
        sizes["embedding_dim"] = 16
    backbone = getattr(keras_hub.models, f"{family}Backbone")(**sizes)
    model = built(backbone)
    assert answer(model).shape == (2, 3)
    assert recipe_of(model).inputs["text"].tokens == 300


def test_any_model_from_ids_to_tokens_will_do():
    ids = keras.Input((8,), dtype="int32")
    model = built(keras.Model(ids, keras.layers.Embedding(20, 4)(ids)), vocabulary=20)
    assert answer(model).shape == (2, 3)


def test_a_preset_is_a_name_or_a_folder(tmp_path):
    backbone = bert()
    backbone.save_to_preset(tmp_path / "tiny")
    model = built(f"keras_hub/{tmp_path / 'tiny'}")
    np.testing.assert_array_equal(
        model.get_layer("text_backbone").get_weights()[0], backbone.get_weights()[0]
    )
    assert recipe_of(model).inputs["text"].tokens is None


def test_a_preset_that_cannot_be_had_says_why():
    with pytest.raises(ValueError, match=r"preset 'berta_tiny' could not be had: Unknown preset"):
        text_branch("text", Text("keras_hub/berta_tiny"))


def test_without_keras_hub_the_command_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(ImportError, match=r"pip install 'mmkeras\[hub\]'"):
        text_branch("text", Text("keras_hub/bert_tiny_en_uncased"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"length": 17}, r"has 16 positions\. Received: length=17"),
        ({"units": 32}, "'backbone' has no choice of units"),
        ({"weights": "vectors.txt"}, "brings its own weights; leave out weights='vectors.txt'"),
        ({"vocabulary": 400}, r"knows 300 kinds of tokens\. Received: vocabulary=400"),
    ],
)
def test_what_does_not_fit_the_backbone_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        built(bert(), **{"length": 8, **options})


def test_a_backbone_of_another_kind_is_refused():
    ids = keras.Input((8,), dtype="int32", name="token_ids")
    more = keras.Input((8,), name="more")
    table = keras.layers.Embedding(20, 4)
    with pytest.raises(ValueError, match=r"some of token_ids, .* Received one with more"):
        built(keras.Model({"token_ids": ids, "more": more}, table(ids) * more[..., None]))
    with pytest.raises(ValueError, match="wanted a backbone that gives a feature a token"):
        built(keras.Model(ids, ops.mean(table(ids), axis=1)))
