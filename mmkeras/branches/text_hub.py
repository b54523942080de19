"""Text backbones of KerasHub (BERT and its relatives), or any model from token ids to tokens."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import keras
from keras import KerasTensor, ops

from mmkeras.branches.kerashub import from_preset, keras_hub
from mmkeras.branches.masked import MaskedMean
from mmkeras.modalities import HUB, Text, hub_rows
from mmkeras.tokenizer import check_tokens, read_file

FEEDS = ("token_ids", "padding_mask", "segment_ids")


def text_hub(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """A backbone's tokens and their mean: (B, T) -> (B, D), (B, T, D).

    `branch` is a model as plain data, or "keras_hub/PRESET", a preset's name or folder. It is
    given the ids and, where it has such inputs, which of them are real and segment 0. ValueError
    for a backbone that takes or gives anything else, ImportError where keras-hub is not installed.
    """
    tower = _tower(name, source)
    _check(name, source, tower)
    known = {
        "token_ids": ids,
        "padding_mask": ops.cast(real, "int32"),
        "segment_ids": ops.zeros_like(ids),
    }
    wanted = tower.input
    tokens = tower({n: known[n] for n in wanted} if isinstance(wanted, Mapping) else ids)
    if isinstance(tokens, Mapping):  # BERT gives {"sequence_output": ..., "pooled_output": ...}
        tokens = tokens.get("sequence_output")
    if tokens is None or len(tokens.shape) != 3:
        raise ValueError(
            f"{name!r}: wanted a backbone that gives a feature a token, (B, T, D). Received one "
            f"that gives {tower.output}"
        )
    return MaskedMean(name=f"{name}_pool")(tokens, real), tokens


def _tower(name: str, source: Text) -> keras.Model:
    """The backbone, with weights of its own: a preset's, else random ones."""
    title = f"{name}_backbone"
    if isinstance(source.branch, str):
        preset = source.branch.removeprefix(HUB)
        return from_preset(keras_hub().models.Backbone, preset, name=title)
    plain = copy.deepcopy(dict(source.branch))  # Keras empties what it reads
    if str(plain.get("module")).startswith("keras_hub"):
        keras_hub()
    plain["config"] = {**plain["config"], "name": title}
    return keras.saving.deserialize_keras_object(plain)


def _check(name: str, source: Text, tower: keras.Model) -> None:
    wanted = tower.input
    foreign = sorted({*wanted} - {*FEEDS}) if isinstance(wanted, Mapping) else []
    if foreign or isinstance(wanted, list | tuple):
        raise ValueError(
            f"{name!r}: wanted a backbone with one input, or with some of {', '.join(FEEDS)}. "
            f"Received one with {', '.join(foreign) or f'{len(wanted)} inputs without names'}"
        )
    if source.weights is not None:
        raise ValueError(
            f"{name!r}: a backbone brings its own weights; leave out weights={source.weights!r}"
        )
    length = getattr(tower, "max_sequence_length", None)
    if length is not None and source.spec.length > length:
        raise ValueError(
            f"{name!r}: the backbone has {length} positions. Received: length={source.spec.length}"
        )
    rows = hub_rows(vars(tower))
    if rows is not None and source.vocabulary is not None and source.vocabulary > rows:
        raise ValueError(
            f"{name!r}: the backbone knows {rows:,} kinds of tokens. Received: "
            f"vocabulary={source.vocabulary}"
        )
    if rows is not None and source.tokenizer is not None:
        check_tokens(name, read_file(name, source.tokenizer), rows)
