"""MiniLM: the published sentence encoder, with padding that changes nothing."""

import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tokenizers import Tokenizer

from mmkeras.branches.minilm import PADDED, PRETRAINED, minilm, minilm_tokenizer_json
from mmkeras.weights import read_safetensors

TEXTS = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]


@pytest.fixture(scope="module")
def pretrained():
    return minilm(16, weights="pretrained")


def word_pieces(texts, length: int) -> np.ndarray:
    tokenizer = Tokenizer.from_str(minilm_tokenizer_json())
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    return np.array([encoding.ids for encoding in tokenizer.encode_batch(texts)], np.int32)


def test_similar_sentences_have_the_published_cosines(pretrained):
    """The example in the documentation of sentence-transformers: 0.6660, 0.1046, 0.1411."""
    ids = word_pieces(TEXTS, 16)
    real = (ids > 0)[..., None]
    means = np.sum(pretrained(ids) * real, axis=1) / real.sum(axis=1)
    units = means / np.linalg.norm(means, axis=1, keepdims=True)
    cosines = [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    np.testing.assert_allclose(units @ units.T, cosines, atol=6e-5)


def test_features_are_those_of_bert_written_in_numpy(pretrained):
    weights = read_safetensors(PRETRAINED.read())

    def dense(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x):
        return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2

    ids = word_pieces(TEXTS[:1], 16)
    ids_alone = ids[ids > 0]  # the reference needs no mask: it never sees padding
    table = {name: weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position")}
    x = table["word"][ids_alone] + table["position"][: len(ids_alone)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(6):
        layer = f"encoder.layer.{i}"
        q, k, v = (
            dense(x, f"{layer}.attention.self.{name}").reshape(-1, 12, 32).swapaxes(0, 1)
            for name in ("query", "key", "value")
        )
        scores = np.exp(q @ k.swapaxes(1, 2) / math.sqrt(32))
        read = (scores / scores.sum(-1, keepdims=True) @ v).swapaxes(0, 1).reshape(x.shape)
        read = dense(read, f"{layer}.attention.output.dense")
        x = norm(x + read, f"{layer}.attention.output.LayerNorm")
        wide = gelu(dense(x, f"{layer}.intermediate.dense"))
        x = norm(x + dense(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    np.testing.assert_allclose(pretrained(ids)[0, : len(x)], x, atol=2e-5)


def test_padding_changes_no_answer(pretrained):
    short, long = word_pieces(TEXTS, 16), word_pieces(TEXTS, 32)
    real = short > 0
    assert 0 < real.sum() < real.size
    features = np.asarray(minilm(32, weights="pretrained")(long))[:, :16]
    np.testing.assert_allclose(features[real], np.asarray(pretrained(short))[real], atol=2e-6)


def test_a_padded_key_is_below_what_float32_resolves_and_above_what_ruins_int8():
    leak = np.exp(np.float32(PADDED + 10))
    assert np.float32(1) + leak == 1  # even if its score exceeds all others by 10
    assert PADDED > -100


def test_a_text_without_words_gives_finite_features(pretrained):
    assert np.isfinite(pretrained(np.zeros((1, 16), np.int32))).all()


def test_the_tokenizer_marks_begin_and_end_and_pads_with_zero():
    assert json.loads(minilm_tokenizer_json())["model"]["type"] == "WordPiece"
    np.testing.assert_array_equal(word_pieces(["a cat"], 6), [[101, 1037, 4937, 102, 0, 0]])


def test_a_saved_model_loads_and_answers_alike(tmp_path):
    model = minilm(8, layers=1, width=24, heads=2)
    model.save(tmp_path / "model.keras")
    ids = np.array([[101, 7, 102, 0, 0, 0, 0, 0]], np.int32)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(ids), model(ids))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "length must be 1 to 512 tokens. Received: 0"),
        ({"length": 513}, "length must be 1 to 512 tokens. Received: 513"),
        ({"length": 8, "weights": "mine"}, "must be 'pretrained' or None. Received: 'mine'"),
        ({"length": 8, "weights": "pretrained", "layers": 2}, "fit layers=6, .* layers=2, width"),
        ({"length": 8, "width": 50, "heads": 4}, "must divide the width 50. Received: heads=4"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        minilm(**arguments)


@pytest.mark.parametrize(
    "sizes",
    [
        {"layers": 2, "width": 48, "heads": 4},
        pytest.param({"weights": "pretrained"}, marks=pytest.mark.slow),
    ],
    ids=["random", "pretrained"],
)
def test_the_device_reads_what_keras_reads(sizes, tmp_path):
    model = minilm(16, **sizes)
    archive = keras.export.ExportArchive()
    archive.track(model)
    signature = {"ids": tf.TensorSpec((1, 16), tf.int32, name="ids")}
    archive.add_endpoint("serve", lambda x: {"features": model(x["ids"])}, [signature])
    archive.write_out(str(tmp_path), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    device = Interpreter(model_content=converter.convert()).get_signature_runner()
    ids = word_pieces(TEXTS[:1], 16)
    on_device = device(ids=ids)["features"]
    assert on_device.std() > 0.1
    np.testing.assert_allclose(on_device, model(ids), atol=1e-4)
