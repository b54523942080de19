"""The weights of any Keras model that are worth shrinking, by the layers that they belong to."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar

import keras
import numpy as np
from keras import ops

from mmkeras_export.shrinking.layouts import Layout, is_depthwise, layout_of

T = TypeVar("T")

MIN_WEIGHTS = 1_000  # a smaller kernel saves nothing worth its part in the answer


class Kernel(NamedTuple):
    """A weight, and where it is: "tower/block/dense/kernel", the outermost layer first."""

    variable: keras.Variable
    name: str
    layout: Layout

    def numpy(self) -> np.ndarray:
        """Its values, float32."""
        return np.asarray(ops.convert_to_numpy(self.variable), np.float32)

    def matches(self, pattern: str) -> bool:
        """Whether the pattern is that of a layer around it, or of the whole name."""
        *layers, _ = self.name.split("/")
        return any(fnmatchcase(name, pattern) for name in (*layers, "/".join(layers), self.name))


def kernels_of(model: keras.Model) -> list[Kernel]:
    """Kernels and embedding tables that train, also those of layers within layers.

    Not vectors and biases, nor what is smaller than MIN_WEIGHTS, nor depthwise kernels: nine
    weights see a whole channel, and all of them are few.
    """
    found: dict[int, Kernel] = {}
    for layers, weight in _owned(model, ()):
        layer = layers[-1]
        name = "/".join((*(each.name for each in layers[1:]), weight.name))
        if id(weight) not in found and _is_kernel(layer, weight):
            found[id(weight)] = Kernel(weight, name, layout_of(layer, weight))
    return list(found.values())


def trained(model: keras.Model) -> list[Kernel]:
    """The kernels of a model. Raises ValueError where there are none."""
    kernels = kernels_of(model)
    if not kernels:
        raise ValueError(
            f"the model {model.name!r} has no kernel that trains and has {MIN_WEIGHTS:,} weights "
            "or more; build it and make its layers trainable first"
        )
    return kernels


def by_pattern(kernels: Sequence[Kernel], table: Mapping[str, T]) -> list[tuple[T, list[Kernel]]]:
    """The kernels that each entry of a table is for: the first whose pattern matches.

    Those that none matches are left out. Raises ValueError for a pattern without any.
    """
    groups: dict[str, list[Kernel]] = {pattern: [] for pattern in table}
    for kernel in kernels:
        pattern = next((pattern for pattern in table if kernel.matches(pattern)), None)
        if pattern is not None:
            groups[pattern].append(kernel)
    for pattern, of in groups.items():
        if not of:
            names = dict.fromkeys(part for k in kernels for part in k.name.split("/")[:-1])
            close = difflib.get_close_matches(pattern, names, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(
                f"{pattern!r} matches no layer whose kernel trains and has {MIN_WEIGHTS:,} weights "
                f"or more, or an entry before it takes them all; {hint}choose from "
                f"{', '.join(names)}"
            )
    return [(table[pattern], of) for pattern, of in groups.items()]


def copied(model: keras.Model) -> keras.Model:
    """A model like it, with the same weights and none of its training."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def _owned(
    layer: keras.Layer, around: tuple[keras.Layer, ...]
) -> Iterator[tuple[tuple[keras.Layer, ...], keras.Variable]]:
    """Each weight that trains, with the layers around it, the one that made it last."""
    layers = (*around, layer)
    inner = layer._flatten_layers(include_self=False, recursive=False)
    inner = list(inner)
    theirs = {id(weight) for each in inner for weight in each.trainable_variables}
    for weight in layer.trainable_variables:
        if id(weight) not in theirs:
            yield layers, weight
    for each in inner:
        yield from _owned(each, layers)


def _is_kernel(layer: keras.Layer, weight: keras.Variable) -> bool:
    return (
        sum(size > 1 for size in weight.shape) > 1
        and math.prod(weight.shape) >= MIN_WEIGHTS
        and not is_depthwise(layer, weight)
        and "bias" not in weight.name  # of attention: one for each head and unit
    )
