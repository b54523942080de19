"""The same layer or operation anew, from its config: with other widths, and without weights."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import keras


def replica(op: keras.Operation, widths: Mapping[tuple[str | int, ...], int] | None = None):
    """A new one of the same class, not built yet, with these numbers in its config.

    An operation of `keras.ops` that has no config is copied: it holds nothing but arguments.
    Raises ValueError for a layer that has none, which could not be stored either.
    """
    if type(op) is keras.layers.Lambda:  # Keras reads none from a config, which could be anybody's
        known = {"output_shape": op._output_shape, "mask": op.mask, "arguments": op.arguments}
        return keras.layers.Lambda(op.function, **known, name=op.name, dtype=op.dtype_policy)
    try:
        config = _unbuilt(op.get_config())
    except NotImplementedError as error:
        if isinstance(op, keras.Layer):
            raise ValueError(
                f"the layer {op.name!r} cannot be built anew: give {type(op).__name__} a "
                "get_config() that returns all arguments of its constructor"
            ) from error
        twin = copy.copy(op)
        twin._inbound_nodes, twin._outbound_nodes = [], []
        return twin
    for keys, count in (widths or {}).items():
        config = _put(config, keys, count)
    twin = type(op).from_config(config)
    twin.name = op.name
    return twin


def _unbuilt(config: Any) -> Any:
    """Without the shapes that Keras would build layers within a layer for."""
    if isinstance(config, Mapping):
        return {key: _unbuilt(value) for key, value in config.items() if key != "build_config"}
    if isinstance(config, list | tuple):
        return type(config)(_unbuilt(value) for value in config)
    return config


def _put(config: Any, keys: tuple[str | int, ...], count: int) -> Any:
    """A copy of nested config with one number replaced."""
    if not keys:
        return count
    first, *rest = keys
    new: Any = list(config) if isinstance(config, list | tuple) else dict(config)
    new[first] = _put(new[first], tuple(rest), count)
    return tuple(new) if isinstance(config, tuple) else new
