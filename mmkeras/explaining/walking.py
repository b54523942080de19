"""A model's graph walked by hand: what its layers give is read on the way, or put in their place.

A layer is called by its path: "image_pixels", or within a tower "text_minilm/embedding".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

WITHIN = "/"


@dataclass
class Walk:
    """`held` is put in the place of what these layers give, by path; those in `idle` are not
    computed. `given` is filled with what the layers in `wanted` give, `taken` with what they are
    called with."""

    held: Mapping[str, Any] = field(default_factory=dict)
    wanted: Collection[str] = ()
    idle: Collection[str] = ()
    given: dict[str, Any] = field(default_factory=dict)
    taken: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def through(self, model: keras.Model, feed: Mapping[str, Any]) -> Any:
        """What the model answers to tensors by name, (B, ...), as in prediction."""
        inputs = {name: ops.convert_to_tensor(value) for name, value in feed.items()}
        for name in {*inputs} & {*self.held}:
            inputs[name] = self.held[name]
        return self._run(model, inputs, "")

    def _run(self, model: keras.Model, inputs: Any, above: str) -> Any:
        tensors = model._standardize_inputs(inputs)
        return model._run_through_graph(tensors, operation_fn=lambda op: self._watched(op, above))

    def _watched(self, op: Any, above: str) -> Callable[..., Any]:
        path = above + op.name

        def call(*args: Any, **kwargs: Any) -> Any:
            if path in self.held:
                return self.held[path]
            if path in self.idle:
                return [None for _ in keras.tree.flatten(op.output)]
            if self._concerned(path) and is_graph(op):
                inputs = args[0] if len(args) == 1 else list(args)
                outputs = self._run(op, inputs, path + WITHIN)
            else:
                outputs = op(*args, **kwargs)
            if path in self.wanted:
                self.given[path] = outputs
                self.taken[path] = args
            return outputs

        return call

    def _concerned(self, path: str) -> bool:
        """Whether something in this tower is held or wanted."""
        inner = path + WITHIN
        return any(name.startswith(inner) for name in (*self.held, *self.wanted))


def is_graph(layer: Any) -> bool:
    """Whether it is a model whose layers can be walked one by one."""
    return isinstance(layer, keras.Model) and hasattr(layer, "_run_through_graph")


def needless(model: keras.Model, held: Collection[str]) -> set[str]:
    """The layers that no output needs once these, of the outermost ones, are held."""
    needed: set[str] = set()
    ahead = list(keras.tree.flatten(model.outputs))
    while ahead:
        op, place, _ = ahead.pop()._keras_history
        if op.name not in needed:
            needed.add(op.name)
            if op.name not in held:
                ahead += op._inbound_nodes[place].input_tensors
    return {op.name for op in model.operations} - needed


def layer_at(model: keras.Model, path: str) -> Any:
    """The layer of a path, or None where there is none."""
    first, _, rest = path.partition(WITHIN)
    for op in model.operations:
        if op.name == first:
            if not rest:
                return op
            return layer_at(op, rest) if is_graph(op) else None
    return None
