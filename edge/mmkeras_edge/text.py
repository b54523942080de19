"""A text to the token ids that the graph takes, by the tokenizer that travels in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmkeras_edge.specs import PAD_ID, TextSpec

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def read_tokenizer(tokenizer_json: str) -> Tokenizer:
    """The content of a `tokenizer.json` to a tokenizer; its own padding and truncation are off.

    Raises ValueError if it is no tokenizer.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(tokenizer_json)
    except Exception as error:  # the Rust side raises plain Exception
        raise ValueError(f"text: tokenizer.json cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def load_text(source: str, spec: TextSpec, tokenizer: Tokenizer) -> np.ndarray:
    """A string to int32 token ids, (length,); the end is cut or filled with `PAD_ID`.

    Raises ValueError for what is no string, or a longer one than `spec.limit_chars`.
    """
    if not isinstance(source, str):
        cure = "; give .decode()" if isinstance(source, bytes) else ""
        raise ValueError(f"text: wanted a string, received {type(source).__name__}{cure}")
    if len(source) > spec.limit_chars:
        raise ValueError(
            f"text: {len(source):,} characters, more than {spec.limit_chars:,}; cut it first"
        )
    special = tokenizer.num_special_tokens_to_add(is_pair=False)
    if spec.length < special:
        raise ValueError(f"text: length {spec.length} has no room for {special} special tokens")
    try:
        encoding = tokenizer.encode(source, add_special_tokens=False)
    except Exception as error:  # plain Exception: no token for it and no [UNK], a lone surrogate
        raise ValueError(f"text: cannot be tokenised: {error}") from error
    encoding.truncate(spec.length - special)
    ids = tokenizer.post_process(encoding).ids  # adds [CLS], [SEP], ... where the tokenizer has any
    padded = np.full(spec.shape, PAD_ID, np.int32)
    padded[: len(ids)] = ids
    return padded
