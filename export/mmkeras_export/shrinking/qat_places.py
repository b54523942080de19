"""Where a converted graph rounds to int8: behind what the converter merges, not between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import keras
from keras import activations, layers

Span = tuple[float, float] | None

SPANS = {  # what the runtime fixes, whatever comes out
    activations.sigmoid: (0.0, 255 / 256),
    activations.softmax: (0.0, 255 / 256),
    activations.tanh: (-1.0, 127 / 128),
}
MERGED = (activations.linear, activations.relu, activations.relu6)  # into what is in front
# With weights, and one operation in the file.
PRODUCTS = (
    layers.Dense,
    layers.EinsumDense,
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.SeparableConv1D,
    layers.SeparableConv2D,
)
# What takes a rectifier in, beside products and batch normalisation. By name: Keras calls layers
# and the operations of `keras.ops` alike.
BEFORE_RELU = {"Add", "Subtract", "Multiply"}
# At prediction these are nothing.
NOTHING = (
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.SpatialDropout1D,
    layers.SpatialDropout2D,
    layers.SpatialDropout3D,
)
# These only move numbers, or choose among them, which keeps their scale. Again by name.
MOVING = {
    "Cropping1D", "Cropping2D", "ExpandDims", "Flatten", "Flip", "GetItem", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "MaxPooling1D", "MaxPooling2D", "Permute", "RepeatVector", "Reshape",
    "Split", "Squeeze", "Transpose", "ZeroPadding1D", "ZeroPadding2D",
}  # fmt: skip


@dataclass(eq=False)
class Tensor:
    """One that a graph passes on."""

    made: int  # by which step; -1 for an input
    floating: bool
    takers: list[int | None] = field(default_factory=list)  # steps; None is an output of the model


class Step(NamedTuple):
    """One call of a layer or operation, in the order of execution, nested models opened."""

    operation: Any
    path: tuple[str, ...]  # its name behind those of the models that it is in
    taken: list[Tensor]
    given: list[Tensor]


class Place(NamedTuple):
    """Where numbers are rounded, and the range of them where the runtime fixes it."""

    name: str
    span: Span = None
    last: bool = False  # an answer of the model, which nothing takes


# ("input", number), ("inside", step) for what comes before a layer's own activation, and
# ("behind", step, output).
Key = tuple[str, int] | tuple[str, int, int]


def run_graph(
    graph: keras.Model, inputs: Any, call: Callable[..., Any], path: tuple[str, ...] = ()
) -> Any:
    """A functional model on tensors, or on whatever stands for them, opening nested ones.

    `call(operation, path, *args, **kwargs)` computes what is no model.
    """
    return graph._run_through_graph(
        inputs, operation_fn=lambda operation: partial(_visited, operation, call, path)
    )


def _visited(operation: Any, call: Callable[..., Any], path: tuple[str, ...], *args, **kwargs):
    inner, graph = (*path, operation.name), opened(operation)
    if graph is None:
        return call(operation, inner, *args, **kwargs)
    given = args[0] if args else kwargs["inputs"]
    found = run_graph(graph, _in_order(graph, given), call, inner)
    return found[0] if isinstance(found, list | tuple) and len(found) == 1 else found


def opened(operation: Any) -> keras.Model | None:
    """The graph in a functional or sequential model; None for what has none, or has more."""
    if isinstance(operation, keras.Sequential):
        return operation._functional
    # One that computes in its own way is a layer like others.
    plain = isinstance(operation, keras.Model) and operation.call.__qualname__ == "Functional.call"
    return operation if plain else None


def _in_order(graph: keras.Model, given: Any) -> Any:
    """A dict goes by name, also to a model whose inputs are a list."""
    if isinstance(given, dict) and not isinstance(graph.input, dict):
        return [given[tensor.name] for tensor in graph.inputs]
    return given


def steps_of(model: keras.Model) -> tuple[list[Tensor], list[Step]]:
    """The inputs, and all that is done with them."""
    steps: list[Step] = []
    inputs = [Tensor(-1, _floating(tensor)) for tensor in model.inputs]

    def call(operation, path, *args, **kwargs):
        taken = [x for x in keras.tree.flatten((args, kwargs)) if isinstance(x, Tensor)]
        if is_nothing(operation):
            return taken[0]
        number = len(steps)
        for tensor in taken:
            tensor.takers.append(number)
        answer = keras.tree.map_structure(
            lambda made: Tensor(number, _floating(made)), operation.output
        )
        steps.append(Step(operation, path, taken, keras.tree.flatten(answer)))
        return answer

    for tensor in keras.tree.flatten(run_graph(model, inputs, call)):
        tensor.takers.append(None)
    return inputs, steps


def places_of(model: keras.Model, islands: Iterable[str]) -> dict[Key, Place]:
    """Where full int8 rounds a functional model that has these islands.

    A tensor stays float where neither what makes it nor what takes it is int8, and where the
    converter merges both into one operation: a product, its batch normalisation and a rectifier.
    What happens within a layer of several operations is not seen, but for what comes before the
    activation of a product.
    """
    inputs, steps = steps_of(model)
    spared = {*islands}
    is_float = [not spared.isdisjoint(step.path) for step in steps]

    def meets_int8(tensor: Tensor) -> bool:
        made = tensor.made >= 0 and not is_float[tensor.made]
        return made or any(taker is not None and not is_float[taker] for taker in tensor.takers)

    places: dict[Key, Place] = {}
    for number, tensor in enumerate(inputs):
        if tensor.floating and meets_int8(tensor):
            places["input", number] = Place(model.inputs[number].name)
    for number, step in enumerate(steps):
        name = "/".join(step.path)
        if not is_float[number] and _rounds_inside(step.operation):
            places["inside", number] = Place(f"{name}/inside")
        for output, tensor in enumerate(step.given):
            if tensor.floating and meets_int8(tensor) and not _stays(tensor, steps):
                span = SPANS.get(_activation(step.operation))
                last = set(tensor.takers) == {None}
                places["behind", number, output] = Place(f"{name}/{output}", span, last)
    return places


def _stays(tensor: Tensor, steps: list[Step]) -> bool:
    """Whether nothing is rounded there: numbers only moved, or the converter makes one operation
    of what makes a tensor and all that takes it."""
    if type(steps[tensor.made].operation).__name__ in MOVING:
        return True
    if len(tensor.takers) != 1 or tensor.takers[0] is None:
        return False
    maker, taker = steps[tensor.made].operation, steps[tensor.takers[0]].operation
    product = isinstance(maker, PRODUCTS) and maker.activation is activations.linear
    if isinstance(taker, layers.BatchNormalization):
        return product
    sum_like = isinstance(maker, layers.BatchNormalization) or type(maker).__name__ in BEFORE_RELU
    return _is_relu(taker) and (product or sum_like)


def _is_relu(operation: Any) -> bool:
    if isinstance(operation, layers.ReLU):
        plain = not operation.negative_slope and not operation.threshold
        return plain and operation.max_value in (None, 6)
    if type(operation).__name__ in ("Relu", "Relu6"):
        return True
    relus = (activations.relu, activations.relu6)
    return isinstance(operation, layers.Activation) and operation.activation in relus


def _rounds_inside(operation: Any) -> bool:
    return isinstance(operation, PRODUCTS) and operation.activation not in MERGED


def is_nothing(operation: Any) -> bool:
    if isinstance(operation, layers.Activation):
        return operation.activation is activations.linear
    return isinstance(operation, NOTHING)


def _activation(operation: Any) -> Any:
    if isinstance(operation, layers.Softmax):
        return activations.softmax
    one = isinstance(operation, (*PRODUCTS, layers.Activation))  # a recurrent layer has several
    return operation.activation if one else None


def _floating(tensor: keras.KerasTensor) -> bool:
    return keras.backend.is_float_dtype(tensor.dtype)


def leaves_of(model: keras.Model) -> Iterator[tuple[keras.Layer, tuple[str, ...]]]:
    """Each layer that is no model once, with its path, in the order of execution."""
    seen = set()
    for step in steps_of(model)[1]:
        if isinstance(step.operation, keras.Layer) and id(step.operation) not in seen:
            seen.add(id(step.operation))
            yield step.operation, step.path
