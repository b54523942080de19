"""A tokenizer trained on the training rows; it travels with the model to the device."""

from __future__ import annotations

from collections.abc import Iterable

from mmkeras.manifest import Manifest
from mmkeras.modalities import Text
from mmkeras.recipe import Recipe

PAD = "<pad>"  # id 0: mmkeras_edge.specs.PAD_ID


def tokenizer_for(recipe: Recipe, train: Manifest) -> str | None:
    """The tokenizer.json of a recipe: a pre-trained branch brings its own, else it is trained.

    None if the recipe has no text.
    """
    texts = {name: source for name, source in recipe.inputs.items() if isinstance(source, Text)}
    if not texts:
        return None
    if any(source.branch == "minilm" for source in texts.values()):
        from mmkeras.branches.minilm import minilm_tokenizer_json

        return minilm_tokenizer_json()
    corpus = [text for name in texts for text in train.column(name) if text is not None]
    return train_tokenizer(corpus, min(source.tokens for source in texts.values()))


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
