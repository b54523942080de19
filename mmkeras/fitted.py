"""Rows as a model takes them that has learned already: by its recipe and its tokenizer."""

from __future__ import annotations

from mmkeras.manifest import Manifest
from mmkeras.prepare import prepare
from mmkeras.prepared import Prepared, check_tokenizer
from mmkeras.recipe import Recipe


def fitted(data: Manifest | Prepared, recipe: Recipe, tokenizer_json: str | None) -> Prepared:
    """A manifest, or rows that are prepared, as the arrays that a trained model takes.

    Raises ValueError for rows that were prepared for another model.
    """
    if isinstance(data, Prepared):
        check_tokenizer(data, tokenizer_json)
        return data.narrowed(recipe)
    return prepare(data, recipe, tokenizer_json)
