"""Disturbed texts: typing errors and words that are not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def mistype(
    texts: Sequence[str], level: float, random: np.random.Generator, spec: Any
) -> list[str]:
    """`level` percent of the letters are left out, doubled, swapped with the next, or replaced by
    another letter of the text. Belinkov and Bisk, ICLR 2018."""
    return [_mistyped(text, level / 100, random) for text in texts]


def _mistyped(text: str, share: float, random: np.random.Generator) -> str:
    letters = [letter for letter in text if letter.isalpha()]
    written, place = [], 0
    while place < len(text):
        letter = text[place]
        place += 1
        if not letter.isalpha() or random.random() >= share:
            written.append(letter)
            continue
        error = random.integers(4)
        if error == 1:
            written += [letter, letter]
        elif error == 2 and place < len(text):
            written += [text[place], letter]
            place += 1
        elif error == 3:
            written.append(letters[random.integers(len(letters))])
    return "".join(written)


def drop_words(
    texts: Sequence[str], level: float, random: np.random.Generator, spec: Any
) -> list[str]:
    """`level` percent of the words are not there; one stays."""
    kept = []
    for text in texts:
        words = text.split()
        there = random.random(len(words)) >= level / 100
        if words and not there.any():
            there[random.integers(len(words))] = True
        kept.append(" ".join(w for w, stays in zip(words, there, strict=True) if stays))
    return kept
