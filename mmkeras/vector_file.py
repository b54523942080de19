"""Files of word vectors: the text formats of GloVe and of word2vec, also packed by gzip."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np


def vector_width(path: str) -> int:
    """Numbers in each vector of a file.

    Raises FileNotFoundError, or ValueError for a file that does not begin as one.
    """
    for line, _, values in _entries(path):
        if not values:
            break
        _numbers(path, line, values)
        return len(values)
    raise ValueError(f"{path}: no word vectors; wanted lines of a word and its numbers")


def read_vectors(path: str, wanted: Collection[str]) -> dict[str, np.ndarray]:
    """The vectors of some words, float32 (width,), as far as the file has them.

    A word that stands there only with capitals is taken with those: the first, so the most
    frequent. Raises ValueError for a line of another width.
    """
    width = vector_width(path)
    wanted = frozenset(wanted)
    exact: dict[str, np.ndarray] = {}
    lower: dict[str, np.ndarray] = {}
    for line, word, values in _entries(path):
        found, key = (exact, word) if word in wanted else (lower, word.lower())
        if key in wanted and key not in found:
            if len(values) != width:
                raise ValueError(
                    f"{path}, line {line}: {len(values)} numbers, {width} in the first line"
                )
            found[key] = _numbers(path, line, values)
    return {**lower, **exact}


def _entries(path: str) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, word and numbers of each line; word2vec's first line, two counts, is none."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"no file of word vectors {path!r}")
    opened = gzip.open if path.endswith(".gz") else open
    with opened(path, "rt", encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            word, *values = line.rstrip().split(" ")
            counts = number == 1 and len(values) == 1 and word.isdigit() and values[0].isdigit()
            if not counts:
                yield number, word, values


def _numbers(path: str, line: int, values: list[str]) -> np.ndarray:
    try:
        return np.array(values, np.float32)
    except ValueError as error:
        raise ValueError(f"{path}, line {line}: no vector of numbers: {error}") from error
