from dataclasses import replace

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from mmkeras import Classify, Text, load_manifest
from mmkeras.recipe import Recipe
from mmkeras.tokenizer import tokenizer_for, train_tokenizer, whole_words
from mmkeras.tokenizer_padding import PAD, with_padding
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


def saved(tokenizer, folder, name="tokenizer.json") -> str:
    path = folder / name
    tokenizer.save(str(path))
    return str(path)


def word_pieces(words=("a", "cat", "##s")) -> Tokenizer:
    """Ids 0 to 2 are padding, unknown and begin."""
    marks = ("[PAD]", "[UNK]", "[CLS]")
    vocabulary = {word: number for number, word in enumerate((*marks, *words))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(marks))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A", None, [("[CLS]", 2)])
    return tokenizer


@pytest.fixture
def data(toy):
    return load_manifest(toy, "picture", "words", targets={"animal": "classify"})


def recipe_with(**texts: Text) -> Recipe:
    return Recipe(texts, {"animal": Classify(("cat", "dog"))})


def test_a_text_brings_its_own_tokenizer(tmp_path, data):
    path = saved(word_pieces(), tmp_path)
    content = tokenizer_for(recipe_with(text=Text("lstm", vocabulary=6, tokenizer=path)), data)
    assert read_tokenizer(content).encode("a cats").ids == [2, 3, 4, 5]


def test_all_texts_share_the_one_that_is_brought(tmp_path, data):
    path = saved(word_pieces(), tmp_path)
    both = recipe_with(text=Text(vocabulary=6, tokenizer=path), body=Text(vocabulary=7))
    assert read_tokenizer(tokenizer_for(both, data)).get_vocab_size() == 6
    small = recipe_with(text=Text(vocabulary=6, tokenizer=path), body=Text(vocabulary=5))
    with pytest.raises(ValueError, match=r"'body': the tokenizer has 6 tokens, .* takes 5; give"):
        tokenizer_for(small, data)


def test_two_different_tokenizers_are_refused(tmp_path, data):
    paths = [
        saved(word_pieces(words), tmp_path, f"{len(words)}.json") for words in (("a",), ("a", "b"))
    ]
    texts = {f"t{i}": Text(vocabulary=9, tokenizer=path) for i, path in enumerate(paths)}
    with pytest.raises(ValueError, match="'t0' and 't1' bring different tokenizers"):
        tokenizer_for(recipe_with(**texts), data)


def bytes_as_gpt2(texts) -> Tokenizer:
    """Byte-level BPE without any mark: id 0 is "!", and a text may begin with it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet)
    )
    return tokenizer


def pieces_as_t5(texts) -> Tokenizer:
    """Unigram with <unk> as id 0, and a mark at the end."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=40, special_tokens=["<unk>", "</s>"], unk_token="<unk>"
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", None, [("</s>", 1)])
    return tokenizer


def words_as_roberta(texts) -> Tokenizer:
    """Whole words; every text begins with id 0, and the padding is id 1."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=marks))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return tokenizer


@pytest.mark.parametrize("make", [bytes_as_gpt2, pieces_as_t5, words_as_roberta])
def test_a_tokenizer_with_a_word_for_id_0_is_brought_with_that_word_behind_the_others(
    make, tmp_path, data
):
    before = make([*CORPUS, "!", "what? no!"])
    text = Text(vocabulary=301, tokenizer=saved(before, tmp_path))
    content = tokenizer_for(recipe_with(text=text), data)
    after, free = read_tokenizer(content), before.get_vocab_size()
    for words in ("a black cat!", "!", "no dog, and кошка", ""):
        old, new = before.encode(words), after.encode(words)
        assert new.tokens == old.tokens
        assert new.ids == [free if number == 0 else number for number in old.ids]
    assert PAD_ID not in after.encode("! a black cat !").ids
    assert load_text("cat", TextSpec(8), after)[-1] == PAD_ID
    assert with_padding(content) == content


def test_what_a_backbone_learned_with_its_ids_keeps_them(tmp_path, data):
    path = saved(bytes_as_gpt2(CORPUS), tmp_path)
    text = Text({"class_name": "any", "config": {"vocabulary_size": 300}}, tokenizer=path)
    with pytest.raises(ValueError, match=r"id 0 fills texts up here, and .* uses it for '!'"):
        tokenizer_for(recipe_with(text=text), data)


def test_one_that_is_given_is_checked_like_one_that_is_brought(data):
    content = word_pieces().to_str()
    assert tokenizer_for(recipe_with(text=Text(vocabulary=6)), data, content) == content
    with pytest.raises(ValueError, match=r"the tokenizer has 6 tokens, .* takes 5; give"):
        tokenizer_for(recipe_with(text=Text(vocabulary=5)), data, content)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (Text(tokenizer="no.json"), FileNotFoundError, "'text': no tokenizer in 'no.json'"),
        (Text("minilm", tokenizer="no.json"), ValueError, "minilm has a tokenizer of its own"),
        (Text("keras_hub/bert_tiny_en_uncased"), ValueError, "comes without its tokenizer; give"),
    ],
)
def test_a_tokenizer_that_is_not_there_is_asked_for(text, error, message, data):
    with pytest.raises(error, match=message):
        tokenizer_for(recipe_with(text=text), data)


def test_whole_words_of_bytes_are_spelled_in_letters():
    words = whole_words(train_tokenizer(["кошка кошка", "a cat", "a cat"], 300)).values()
    assert {"a", "cat", "кошка"} <= {*words}
    assert not {"<pad>", "Ġcat", " cat"} & {*words}


def test_whole_words_are_no_continuations():
    assert whole_words(word_pieces().to_str()) == {3: "a", 4: "cat"}
    pieces = Tokenizer(models.Unigram([("<pad>", 0.0), ("▁cat", -1.0), ("s", -2.0)], unk_id=0))
    assert whole_words(pieces.to_str()) == {1: "cat"}
    assert whole_words(Tokenizer(models.WordLevel({"cat": 0})).to_str()) == {0: "cat"}
