import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from mmkeras_edge.file import open_file
from mmkeras_edge.specs import TextSpec
from mmkeras_edge.text import load_text, read_tokenizer

VOCAB = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "a": 4, "small": 5, "cat": 6}


def words(special: bool = False, unknown: str | None = "[UNK]") -> Tokenizer:
    options = {"unk_token": unknown} if unknown else {}
    tokenizer = Tokenizer(models.WordLevel(VOCAB, **options))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if special:
        ends = [("[CLS]", 1), ("[SEP]", 2)]
        tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, ends)
    return tokenizer


@pytest.mark.parametrize(
    ("text", "special", "ids"),
    [
        ("a small cat", False, [4, 5, 6, 0]),
        ("", False, [0, 0, 0, 0]),
        ("a a a a a a", False, [4, 4, 4, 4]),
        ("a dog", False, [4, 3, 0, 0]),
        ("cat", True, [1, 6, 2, 0]),
        ("", True, [1, 2, 0, 0]),
        ("a small cat", True, [1, 4, 5, 2]),  # the end is kept, the text cut
    ],
)
def test_ids_are_cut_or_filled(text, special, ids):
    loaded = load_text(text, TextSpec(4), words(special))
    assert (loaded.tolist(), loaded.dtype) == (ids, np.int32)


def test_the_tokenizers_own_padding_and_truncation_are_off():
    tokenizer = words()
    tokenizer.enable_padding(pad_id=3, length=9)
    tokenizer.enable_truncation(1)
    loaded = load_text("a small cat", TextSpec(5), read_tokenizer(tokenizer.to_str()))
    assert loaded.tolist() == [4, 5, 6, 0, 0]


def test_cutting_agrees_with_the_librarys_own():
    theirs = words(special=True)
    theirs.enable_truncation(5)
    theirs.enable_padding(length=5)
    for text in ("", "a", "a small cat", "a small cat a small cat"):
        ours = load_text(text, TextSpec(5), words(special=True))
        assert ours.tolist() == theirs.encode(text).ids


def test_bytes_of_a_letter_count_each(tiny):
    tokenizer = read_tokenizer(open_file(tiny).tokenizer_json)
    loaded = load_text("ö", TextSpec(6), tokenizer)
    assert np.count_nonzero(loaded) == 2  # UTF-8 needs two


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"cat", "wanted a string, received bytes"),
        (None, "received NoneType"),
        ("cat " * 3, "12 characters, more than 10; cut it first"),
        ("\ud800", "cannot be tokenised"),
    ],
)
def test_what_is_no_text_is_refused(text, message):
    with pytest.raises(ValueError, match=f"text: .*{message}"):
        load_text(text, TextSpec(4, limit_chars=10), words())


def test_a_word_that_has_no_token_is_refused():
    with pytest.raises(ValueError, match="cannot be tokenised: WordLevel error"):
        load_text("dog", TextSpec(4), words(unknown=None))


def test_a_length_without_room_for_special_tokens_is_refused():
    with pytest.raises(ValueError, match="length 1 has no room for 2 special tokens"):
        load_text("cat", TextSpec(1), words(special=True))


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"model": {"type": "none"}}'])
def test_what_is_no_tokenizer_is_refused(content):
    with pytest.raises(ValueError, match=r"tokenizer\.json cannot be read"):
        read_tokenizer(content)
