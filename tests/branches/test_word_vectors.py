"""The twenty rows of tests/conftest.py: "A black cat." and "A white dog."."""

import keras
import numpy as np
import pytest

from mmkeras import Classify, Text, Training, fit, load_manifest
from mmkeras.adapting import adapt
from mmkeras.branches.text import text_branch
from mmkeras.model import build_model
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared
from mmkeras.recipe import Recipe
from mmkeras.tokenizer import tokenizer_for, whole_words

# Six numbers each; the tokens of a text are its three words and the full stop.
VECTORS = "cat 1 1 1 1 1 1\ndog -1 -1 -1 -1 -1 -1\nblack 0 0 0 0 0 2\nzebra 7 7 7 7 7 7\n"


@pytest.fixture
def vectors(tmp_path) -> str:
    path = tmp_path / "vectors.txt"
    path.write_text(VECTORS)
    return str(path)


@pytest.fixture
def rows(toy):
    return load_manifest(toy, text="words", targets={"animal": "classify"})


def built(source: Text) -> keras.Model:
    return build_model(text=source, outputs={"animal": Classify(("cat", "dog"))}, width=8)


def prepared(source: Text, rows) -> Prepared:
    recipe = Recipe({"text": source}, {"animal": Classify(("cat", "dog"))}, width=8)
    return prepare(rows, recipe, tokenizer_for(recipe, rows))


def adapted(source: Text, rows):
    """A model that has seen the rows, its embedding layer, and the ids of the words."""
    model, data = built(source), prepared(source, rows)
    adapt(model, data)
    ids = {word: number for number, word in whole_words(data.tokenizer_json).items()}
    return model, model.get_layer("text_embedding"), ids


def test_words_take_the_vectors_of_the_file_and_the_others_its_scale(vectors, rows):
    _, layer, ids = adapted(Text("embedding", length=4, vocabulary=300, weights=vectors), rows)
    table = layer.get_weights()[0]
    assert table.shape == (300, 6)
    np.testing.assert_array_equal(table[ids["cat"]], np.ones(6))
    np.testing.assert_array_equal(table[ids["black"]], [0, 0, 0, 0, 0, 2])
    others = np.delete(table, [ids["cat"], ids["dog"], ids["black"]], axis=0)
    of_file = np.std([1.0] * 6 + [-1.0] * 6 + [0.0] * 5 + [2.0])
    assert others.std() == pytest.approx(of_file, rel=0.1)


def test_the_coverage_is_the_share_of_the_training_tokens_with_a_vector(vectors, rows):
    model = built(Text("embedding", length=4, vocabulary=300, weights=vectors))
    assert model.get_layer("text_embedding").coverage is None
    _, layer, _ = adapted(Text("embedding", length=4, vocabulary=300, weights=vectors), rows)
    assert layer.coverage == pytest.approx(3 / 8)  # "black", "cat" and "dog" of eight tokens


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Keras' own, which `warns` repeats
def test_few_words_with_a_vector_are_warned_of(rows, tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("chat 1 2\nchien 3 4\n")
    source = Text("embedding", length=4, vocabulary=300, weights=str(path))
    model, data = built(source), prepared(source, rows)
    with pytest.warns(UserWarning, match=r"only 0\.0% of the training tokens of 'text' have a"):
        adapt(model, data)


def test_a_trained_model_wants_the_file_no_more(vectors, rows, tmp_path):
    model = built(Text("gru", length=4, vocabulary=300, units=4, weights=vectors))
    fit(model, rows, rows, epochs=1, training=Training(batch_size=4))
    model.save(tmp_path / "model.keras")
    (tmp_path / "vectors.txt").unlink()
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    layer = loaded.get_layer("text_embedding")
    assert layer.adapted
    assert layer.coverage == pytest.approx(3 / 8)
    ids = {"text": np.array([[5, 3, 0, 0]], np.int32)}
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(loaded(ids)["animal"]),
        keras.ops.convert_to_numpy(model(ids)["animal"]),
    )
    fit(loaded, rows, rows, epochs=1, training=Training(batch_size=4))  # it is not read again


def test_vectors_are_frozen_with_their_branch(vectors, rows):
    source = Text("embedding", length=4, vocabulary=300, weights=vectors, trainable=False)
    model, layer, ids = adapted(source, rows)
    assert layer.trainable_weights == []
    fit(model, rows, rows, epochs=1, training=Training(batch_size=4))
    np.testing.assert_array_equal(layer.get_weights()[0][ids["cat"]], np.ones(6))


@pytest.mark.parametrize("branch", ["dense", "textcnn", "lstm", "transformer"])
def test_every_encoder_begins_with_them(branch, vectors):
    made = text_branch("text", Text(branch, length=4, units=8, vocabulary=20, weights=vectors))
    model = keras.Model(made.input, made.pooled)
    assert model.get_layer("text_embedding").table.shape == (20, 6)


def test_another_width_than_the_file_s_is_refused(vectors):
    with pytest.raises(ValueError, match=r"vectors of 6 numbers\. Received: units=8; leave it out"):
        text_branch("text", Text("embedding", units=8, weights=vectors))


def test_a_file_that_is_not_there_is_named_when_the_model_is_built():
    with pytest.raises(FileNotFoundError, match="no file of word vectors 'pretrained'"):
        built(Text("lstm", weights="pretrained"))
