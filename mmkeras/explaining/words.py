"""A text as its words: which of them the model saw, and as which tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmkeras_edge.specs import PAD_ID, TextSpec

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Word:
    """Text [start, end), and the places of its tokens among those that the graph takes; none for
    what lies beyond its length."""

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]


def words_of(text: str, spec: TextSpec, tokenizer: Tokenizer) -> tuple[Word, ...]:
    """What the tokenizer takes for words, in their order."""
    whole = tokenizer.encode(text, add_special_tokens=False)
    special = tokenizer.num_special_tokens_to_add(is_pair=False)
    seen = tokenizer.encode(text, add_special_tokens=False)
    seen.truncate(spec.length - special)
    taken = tokenizer.post_process(seen)
    own = [i for i, extra in enumerate(taken.special_tokens_mask) if not extra]
    spans: dict[int, tuple[int, int]] = {}
    tokens: dict[int, list[int]] = {}
    for i, (word, (start, end)) in enumerate(zip(whole.word_ids, whole.offsets, strict=True)):
        at = i if word is None else word
        first, last = spans.get(at, (start, end))
        spans[at] = min(first, start), max(last, end)
        tokens.setdefault(at, []).extend(own[i : i + 1])
    return tuple(
        Word(text[start:end].strip(), start, end, tuple(tokens[at]))
        for at, (start, end) in spans.items()
    )


def left_out(ids: np.ndarray, places: tuple[int, ...]) -> np.ndarray:
    """Token ids (T,) without those at these places; the rest moves up."""
    kept = np.delete(ids, places)
    return np.append(kept, np.full(len(ids) - len(kept), PAD_ID, ids.dtype))
