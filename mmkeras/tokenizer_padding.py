"""A tokenizer whose id 0 is a word gets its padding there, and the word another id.

Id 0 fills texts up here, from the masks of a branch to the device; GPT-2 has "!" there, most of
SentencePiece "<unk>". Texts are still cut into the same tokens.
"""

from __future__ import annotations

import json
from typing import Any

from mmkeras_edge.specs import PAD_ID
from mmkeras_edge.text import read_tokenizer

PAD = "<pad>"


def pads(tokenizer_json: str) -> bool:
    """Whether id 0 is free to fill texts up: no word, nor what stands for one or around a text."""
    tokenizer = read_tokenizer(tokenizer_json)
    pad = tokenizer.id_to_token(PAD_ID)
    if pad is None:
        return True
    model = json.loads(tokenizer_json)["model"]
    if model.get("unk_id") == PAD_ID or pad == model.get("unk_token"):
        return False
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    return pad in special and PAD_ID not in tokenizer.encode("").ids


def with_padding(tokenizer_json: str) -> str:
    """The same tokenizer with id 0 for the padding; what had it comes behind all others.

    For a branch that learns a vector for each id: those that were learned before are others then.
    """
    if pads(tokenizer_json):
        return tokenizer_json
    tokenizer = read_tokenizer(tokenizer_json)
    free = max(tokenizer.get_vocab().values()) + 1
    moved = str(tokenizer.id_to_token(PAD_ID))
    pad = PAD
    while tokenizer.token_to_id(pad) is not None:  # it has one, at another id
        pad = f"<{pad}>"
    plain = json.loads(tokenizer_json)
    _move_word(plain["model"], moved, free, pad)
    for token in plain["added_tokens"]:
        token["id"] = free if token["id"] == PAD_ID else token["id"]
    plain["added_tokens"] = sorted(
        [*plain["added_tokens"], _special(pad)], key=lambda token: token["id"]
    )
    _move_marks(plain["post_processor"], free)
    return json.dumps(plain, ensure_ascii=False)


def _move_word(model: dict[str, Any], moved: str, free: int, pad: str) -> None:
    """In the vocabulary: by number, as Unigram has it, or by token."""
    vocabulary = model["vocab"]
    if isinstance(vocabulary, dict):
        vocabulary[moved] = free
        vocabulary[pad] = PAD_ID
        return
    first = vocabulary[PAD_ID]
    vocabulary[PAD_ID] = [pad, first[1]]
    while len(vocabulary) < free:  # ids up to there are those of added tokens
        vocabulary.append([f"<unused {len(vocabulary)}>", first[1]])
    vocabulary.append(first)
    if model.get("unk_id") == PAD_ID:
        model["unk_id"] = free


def _special(pad: str) -> dict[str, Any]:
    off = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": PAD_ID, "content": pad, **off, "special": True}


def _move_marks(processor: Any, free: int) -> None:
    """In what is put around a text, however deep: ("<s>", 0) and {"id": "<s>", "ids": [0]}."""
    if isinstance(processor, list):
        for each in processor:
            _move_marks(each, free)
        return
    if not isinstance(processor, dict):
        return
    for name, of in processor.items():
        if name in ("cls", "sep") and of[1] == PAD_ID:
            processor[name] = [of[0], free]
        elif name == "ids":
            processor[name] = [free if number == PAD_ID else number for number in of]
        else:
            _move_marks(of, free)
