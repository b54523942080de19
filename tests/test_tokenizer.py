from dataclasses import replace

import pytest

from mmkeras import Text, load_manifest
from mmkeras.tokenizer import PAD, tokenizer_for, train_tokenizer
from mmkeras_edge import TextSpec
from mmkeras_edge.specs import PAD_ID
from mmkeras_edge.text import load_text, read_tokenizer

CORPUS = ["a black cat", "a white dog", "a black dog"]


@pytest.fixture(scope="module")
def tokenizer():
    return read_tokenizer(train_tokenizer(CORPUS, 280))


def test_padding_is_the_id_that_the_device_fills_with(tokenizer):
    assert tokenizer.token_to_id(PAD) == PAD_ID == 0
    assert load_text("cat", TextSpec(8), tokenizer)[-1] == 0


def test_frequent_words_become_one_token(tokenizer):
    assert tokenizer.encode("black dog").tokens == ["Ġblack", "Ġdog"]


@pytest.mark.parametrize(
    "text", ["a cat", "un çà", "кошка", "куче", "猫", "🐈", "x\ty\n", "<pad"], ids=repr
)
def test_every_text_comes_back_whatever_its_language(tokenizer, text):
    ids = tokenizer.encode(text).ids
    assert PAD_ID not in ids
    assert tokenizer.decode(ids) == " " + text


def test_case_and_full_width_letters_do_not_matter(tokenizer):
    assert tokenizer.encode("Ａ BLACK Cat").ids == tokenizer.encode("a black cat").ids


def test_the_vocabulary_is_at_most_what_was_asked_for():
    sizes = [read_tokenizer(train_tokenizer(CORPUS, n)).get_vocab_size() for n in (257, 260, 5_000)]
    assert sizes[:2] == [257, 260]
    assert 260 < sizes[2] < 5_000  # there is no more to learn


def test_the_same_texts_give_the_same_tokenizer():
    assert train_tokenizer(CORPUS, 270) == train_tokenizer(list(CORPUS), 270)


def test_a_vocabulary_without_room_for_all_bytes_is_refused():
    with pytest.raises(ValueError, match=r"wants 257 or more.* Received: 256"):
        train_tokenizer(CORPUS, 256)


def test_a_recipe_without_text_has_none(toy, recipe):
    data = load_manifest(toy, "picture", "words", targets={"animal": "classify"})
    assert tokenizer_for(recipe.only("image"), data) is None


def test_it_learns_from_the_rows_given_alone(toy, recipe):
    data = load_manifest(toy, "picture", "words", targets={"animal": "classify"})
    cats = read_tokenizer(tokenizer_for(recipe, data.rows(range(0, 20, 2))))
    assert cats.encode("cat").tokens == ["Ġcat"]
    assert len(cats.encode("dog").tokens) > 1


def test_a_recipe_says_how_many_tokens_there_are(toy, recipe):
    data = load_manifest(toy, "picture", "words", targets={"animal": "classify"})
    small = replace(recipe, inputs={"text": Text(vocabulary=258)}, optional=())
    assert read_tokenizer(tokenizer_for(small, data)).get_vocab_size() == 258
