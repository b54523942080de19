"""An input taken away: absent where the model was built for that, else replaced by what says
nothing: the mean picture, film or window, silence, no words, a record without a field."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

import numpy as np

from mmkeras.prepared import ABSENT, Column, Prepared
from mmkeras_edge.specs import PAD_ID, TableSpec

SEEN = 500  # rows, at most, that a mean is of


def without(data: Prepared, names: Collection[str]) -> Prepared:
    """The same rows without some inputs."""
    for name in names:
        if name in data.optional:
            data = data.without(name)
        else:
            column = data.inputs[name]
            empty = nothing(column, data.recipe.specs[name])[np.newaxis]
            gone = Column(empty, np.where(column.index == ABSENT, ABSENT, 0))
            data = with_column(data, name, gone)
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


def nothing(column: Column, spec: Any) -> np.ndarray:
    """The array that stands for an input taken away, `spec.shape`; means are of these rows."""
    if isinstance(spec, TableSpec):
        empty = np.zeros(spec.shape, spec.dtype)
        empty[: len(spec.numbers)] = np.nan
        return empty
    if spec.kind == "text":
        return np.full(spec.shape, PAD_ID, spec.dtype)
    if spec.kind == "audio":
        return np.zeros(spec.shape, spec.dtype)
    there = np.flatnonzero(column.index != ABSENT)
    if not len(there):
        return np.zeros(spec.shape, spec.dtype)  # as an absent one is fed
    mean = column.take(there[:SEEN]).mean(axis=0, dtype=np.float64)
    return (np.round(mean) if np.dtype(spec.dtype).kind == "u" else mean).astype(spec.dtype)
