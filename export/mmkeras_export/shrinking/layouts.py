"""What the axes of a layer's weight mean: positions of a window, inputs that are summed, outputs.

A kernel is read as matrices (P, I, O): P positions of a convolution's window, I inputs, O outputs.
N of M weights and blocks are counted along the inputs, which lie beside each other in the exported
file: there a dense kernel is (O, I), and one of a convolution (O, height, width, I). An int8 file
has a scale for each output, which covers positions and inputs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


class Layout(NamedTuple):
    """How the axes of a kernel become (positions, inputs, outputs)."""

    positions: tuple[int, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def matrices(self, array: np.ndarray) -> np.ndarray:
        """A kernel as (P, I, O)."""
        shape = [math.prod(array.shape[axis] for axis in axes) for axes in self]
        return array.transpose(self._order).reshape(shape)

    def kernel(self, matrices: np.ndarray, shape: Sequence[int]) -> np.ndarray:
        """(P, I, O) as the kernel of that shape that it came from."""
        order = self._order
        back = np.argsort(order)
        return matrices.reshape([shape[axis] for axis in order]).transpose(back)

    @property
    def summed(self) -> tuple[int, ...]:
        """The axes that an output sums over, ascending."""
        return tuple(sorted((*self.positions, *self.inputs)))

    @property
    def _order(self) -> tuple[int, ...]:
        return (*self.positions, *self.inputs, *self.outputs)


def layout_of(layer: keras.Layer, weight: keras.Variable) -> Layout:
    """Of a kernel or a table, whose rows are its inputs, by the layer that owns it."""
    axes = tuple(range(len(weight.shape)))
    if isinstance(layer, TRANSPOSED):
        return Layout(axes[:-2], axes[-1:], axes[-2:-1])
    if is_depthwise(layer, weight):
        return Layout(axes[:-2], (), axes[-2:])
    if isinstance(layer, keras.layers.EinsumDense):
        return _einsum_layout(layer.equation, axes)
    return Layout(axes[:-2], axes[-2:-1], axes[-1:])


def is_depthwise(layer: keras.Layer, weight: keras.Variable) -> bool:
    """Whether each channel has a window of its own: also the first half of a separable one."""
    return isinstance(layer, DEPTHWISE) or "depthwise" in weight.name


def _einsum_layout(equation: str, axes: tuple[int, ...]) -> Layout:
    """Of "abc,cde->abde": what is not in the answer is summed."""
    _, kernel, answer = equation.replace("->", ",").replace(".", "").split(",")
    inputs = tuple(axis for axis in axes if kernel[axis] not in answer)
    return Layout((), inputs, tuple(axis for axis in axes if axis not in inputs))
