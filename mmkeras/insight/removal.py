"""An input taken away: absent where the model was built for that, else replaced by what says
nothing: the mean picture, film or window, silence, no words, a record without a field."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

import numpy as np

from mmkeras.prepare import ABSENT, Column, Prepared
from mmkeras_edge.specs import PAD_ID, TableSpec

SEEN = 500  # rows, at most, that a mean is of


def without(data: Prepared, names: Collection[str]) -> Prepared:
    """The same rows without some inputs."""
    for name in names:
        if name in data.optional:
            data = data.without(name)
        else:
            data = with_column(data, name, _nothing(data.inputs[name], data.recipe.specs[name]))
    return data


def with_column(data: Prepared, name: str, column: Column) -> Prepared:
    """The same rows with other arrays of one input."""
    return dataclasses.replace(data, inputs={**data.inputs, name: column})


def shuffled(data: Prepared, name: str, random: np.random.Generator) -> Prepared:
    """One input dealt anew among the rows, together with where it is absent."""
    column = data.inputs[name]
    return with_column(data, name, Column(column.values, random.permutation(column.index)))


def changed(column: Column, values: np.ndarray) -> Column:
    """The same rows with an array each, (rows, ...); where there was nothing, there is nothing."""
    return Column(values, np.where(column.index == ABSENT, ABSENT, np.arange(len(values))))


def _nothing(column: Column, spec: Any) -> Column:
    """One array for all rows that have the input."""
    if isinstance(spec, TableSpec):
        empty = np.zeros(spec.shape, spec.dtype)
        empty[: len(spec.numbers)] = np.nan
    elif spec.kind == "text":
        empty = np.full(spec.shape, PAD_ID, spec.dtype)
    elif spec.kind == "audio":
        empty = np.zeros(spec.shape, spec.dtype)
    else:
        there = np.flatnonzero(column.index != ABSENT)
        mean = column.take(there[:SEEN]).mean(axis=0, dtype=np.float64)
        empty = (np.round(mean) if np.dtype(spec.dtype).kind == "u" else mean).astype(spec.dtype)
    return Column(empty[np.newaxis], np.where(column.index == ABSENT, ABSENT, 0))
