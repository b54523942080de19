"""A tokenizer trained on the training rows, or brought; it travels with the model to the device."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.modalities import Text, is_hub
from mmkeras.tokenizer_padding import PAD, pads, with_padding
from mmkeras_edge.specs import PAD_ID
from mmkeras_edge.text import read_tokenizer

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.recipe import Recipe

WORD_BEGINS = ("Ġ", "▁")  # a space in front, in byte-level BPE and in SentencePiece


def tokenizer_for(recipe: Recipe, train: Manifest, given: str | None = None) -> str | None:
    """The tokenizer.json of a recipe: `given`, or what a text brings, else trained on the rows.

    All texts share it. One that has a word for id 0 gets a padding there. None if the recipe has no
    text; ValueError for two different ones, for one that a branch has no rows for, and for a
    backbone that wants its own and is not given it.
    """
    texts = {name: source for name, source in recipe.inputs.items() if isinstance(source, Text)}
    if not texts:
        return None
    brought = {name: _brought(name, source, given) for name, source in texts.items()}
    contents = {content: name for name, content in brought.items() if content is not None}
    if len(contents) > 1:
        raise ValueError(
            f"the texts {' and '.join(map(repr, contents.values()))} bring different tokenizers, "
            "and a model has one; give both the same"
        )
    for content in contents:
        for name, source in texts.items():
            if source.tokens is not None:  # else the branch has checked it
                check_tokens(name, content, source.tokens)
        return content
    corpus = [text for name in texts for text in train.column(name) if text is not None]
    return train_tokenizer(corpus, min(filter(None, (s.tokens for s in texts.values()))))


def _brought(name: str, source: Text, given: str | None) -> str | None:
    """The tokenizer that a text comes with, or is given."""
    if source.branch == "minilm":
        from mmkeras.branches.minilm import minilm_tokenizer_json

        if source.tokenizer is not None:
            raise ValueError(f"{name!r}: minilm has a tokenizer of its own; leave out tokenizer=")
        return minilm_tokenizer_json()
    if given is not None or source.tokenizer is not None:
        content = given or read_file(name, str(source.tokenizer))
        return content if is_hub(source.branch) else with_padding(content)
    if is_hub(source.branch) and source.vocabulary is None:
        raise ValueError(
            f"{name!r}: a backbone comes without its tokenizer; give "
            "tokenizer='tokenizer.json', the file that it was trained with, or, to train a new one "
            "for a backbone that is not pre-trained, vocabulary=n"
        )
    return None


def read_file(name: str, path: str) -> str:
    """The content of a tokenizer.json. Raises FileNotFoundError if there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise FileNotFoundError(f"{name!r}: no tokenizer in {path!r}: {error.strerror}") from error


def check_tokens(name: str, tokenizer_json: str, rows: int) -> None:
    """Raises ValueError for a tokenizer whose ids go beyond `rows`, or whose id 0 is no padding."""
    tokenizer = read_tokenizer(tokenizer_json)
    wanted = max(tokenizer.get_vocab().values()) + 1
    if wanted > rows:
        raise ValueError(
            f"{name!r}: the tokenizer has {wanted:,} tokens, and the branch takes {rows:,}; "
            f"give Text(vocabulary={wanted}) where the branch can be chosen so"
        )
    if not pads(tokenizer_json):
        raise ValueError(
            f"{name!r}: id {PAD_ID} fills texts up here, and this tokenizer uses it for "
            f"{tokenizer.id_to_token(PAD_ID)!r}; take a tokenizer whose id 0 is its padding"
        )


def whole_words(tokenizer_json: str) -> dict[int, str]:
    """The words, by id, that a tokenizer has as one token; parts of words and marks are left out.

    A token is taken for a word if it begins one: "Ġcat" of byte-level BPE, "▁cat" of
    SentencePiece, "cat" but not "##cat" of WordPiece, any token of a vocabulary of words.
    """
    tokenizer = read_tokenizer(tokenizer_json)
    model = json.loads(tokenizer_json)["model"]
    inside = model.get("continuing_subword_prefix") or ""
    special = tokenizer.get_added_tokens_decoder()
    words = {}
    for token, number in tokenizer.get_vocab().items():
        if number in special:
            continue
        if model["type"] in ("BPE", "Unigram"):
            if not token.startswith(WORD_BEGINS):
                continue
            # Byte-level tokens are spelled in letters that stand for bytes.
            word = tokenizer.decode([number]) if token.startswith("Ġ") else token[1:]
        else:
            word = "" if inside and token.startswith(inside) else token
        if word.strip():
            words[number] = word.strip()
    return words


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> str:
    """Byte-level BPE of at most `vocabulary` kinds of tokens, as the content of a tokenizer.json.

    Lower case, Unicode NFKC. Every text can be encoded, whatever its language: the 256 bytes are
    tokens. Sennrich et al., ACL 2016; over bytes as in Radford et al., 2019.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    if vocabulary < 257:
        raise ValueError(
            f"a vocabulary wants 257 or more: padding and 256 bytes. Received: {vocabulary}"
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str()
