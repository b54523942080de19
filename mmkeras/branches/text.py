"""A text: token ids, embedded in the graph, and an encoder over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

import keras
from keras import KerasTensor, layers

from mmkeras.branches.branch import Branch
from mmkeras.branches.masked import MaskedMean, MaskedSum, RealTokens
from mmkeras.branches.minilm import minilm
from mmkeras.branches.text_cnn import text_cnn
from mmkeras.branches.text_hub import text_hub
from mmkeras.branches.text_rnn import text_rnn
from mmkeras.branches.text_transformer import text_transformer
from mmkeras.branches.word_vectors import EMBEDDED, words
from mmkeras.modalities import VOCABULARY, Text, is_hub
from mmkeras_edge.inputs import pick


class Encoder(NamedTuple):
    """`build` makes (pooled (B, D), tokens (B, T, E)) of a name, a source with its `units` and
    `layers` set, token ids (B, T) and which of them are real (B, T).

    `units` and `layers` are the usual ones; None for what cannot be chosen.
    """

    build: Callable[[str, Text, KerasTensor, KerasTensor], tuple[KerasTensor, KerasTensor]]
    units: int | None = None
    layers: int | None = None


def text_branch(name: str, source: Text) -> Branch:
    """int32 (B, T) -> pooled (B, D), one token feature a token id, and which of them are real.

    Raises ValueError for an unknown encoder, and for an option that it does not have.
    """
    entry = Encoder(text_hub) if is_hub(source.branch) else _named(source.branch)
    source = replace(
        source,
        units=_chosen(name, source, "units", entry.units),
        layers=_chosen(name, source, "layers", entry.layers),
    )
    ids = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    real = RealTokens(name=f"{name}_real")(ids)
    pooled, tokens = entry.build(name, source, ids, real)
    if not source.trainable:
        keras.Model(ids, [pooled, tokens]).trainable = False  # all layers on the way
    return Branch(ids, pooled, tokens, real)


def _named(branch: str) -> Encoder:
    return pick(ENCODERS, branch, "text branch")


def _chosen(name: str, source: Text, option: str, usual: int | None) -> int | None:
    """What the user or the branch says of `units` or `layers`."""
    value = getattr(source, option)
    if value is None:
        return usual
    if usual is None:
        able = [n for n, entry in ENCODERS.items() if getattr(entry, option) is not None]
        branch = source.branch if isinstance(source.branch, str) else "backbone"
        raise ValueError(
            f"{name!r}: the text branch {branch!r} has no choice of {option}. Received: "
            f"{option}={value}; leave it out, or choose from {', '.join(able)}"
        )
    if value < 1:
        raise ValueError(f"{name!r}: {option} must be 1 or more. Received: {value}")
    return value


def embedding(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """Learned vectors of `units` numbers, or those of a file, and their mean."""
    assert source.units is not None  # of the table
    tokens = words(name, source, ids, source.units)
    if tokens.shape[-1] != source.units != EMBEDDED:
        raise ValueError(
            f"{name!r}: {source.weights} has vectors of {tokens.shape[-1]} numbers. Received: "
            f"units={source.units}; leave it out"
        )
    return MaskedMean(name=f"{name}_pool")(tokens, real), tokens


def dense(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """A bag of words through `layers` dense layers of `units` rectified units: with more than one
    a deep averaging network, Iyyer et al., ACL 2015."""
    assert source.layers is not None
    tokens = words(name, source, ids)
    x = MaskedSum(name=f"{name}_pool")(tokens, real)
    for i in range(source.layers):
        title = f"{name}_dense{i or ''}"
        x = layers.Dense(source.units, activation="relu", name=title)(x)
    return x, tokens


def sentence(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """A pre-trained MiniLM sentence encoder and the mean of its tokens."""
    if source.weights not in (None, "pretrained"):
        raise ValueError(
            f'{source.branch} takes weights=None or "pretrained". Received: {source.weights!r}'
        )
    if source.vocabulary not in (None, VOCABULARY["minilm"]):
        raise ValueError(
            f"{source.branch} has a tokenizer of its own with {VOCABULARY['minilm']:,} tokens; "
            f"leave out vocabulary={source.vocabulary}"
        )
    weights: Literal["pretrained"] | None = "pretrained" if source.weights else None
    tokens = minilm(ids.shape[1], weights, name=f"{name}_minilm")(ids)
    return MaskedMean(name=f"{name}_pool")(tokens, real), tokens


ENCODERS = {  # name in a recipe -> encoder; simplest first
    "embedding": Encoder(embedding, units=EMBEDDED),
    "dense": Encoder(dense, units=128, layers=1),
    "textcnn": Encoder(text_cnn, units=100),
    "rnn": Encoder(text_rnn, units=128, layers=1),
    "lstm": Encoder(text_rnn, units=128, layers=1),
    "gru": Encoder(text_rnn, units=128, layers=1),
    "bilstm": Encoder(text_rnn, units=64, layers=1),
    "bigru": Encoder(text_rnn, units=64, layers=1),
    "transformer": Encoder(text_transformer, units=128, layers=2),
    "minilm": Encoder(sentence),
}
