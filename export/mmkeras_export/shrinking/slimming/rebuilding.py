"""A model anew without some of its channels: the same layers, smaller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import keras
import numpy as np
from keras import ops

from mmkeras_export.shrinking.slimming.graph import Channels, graph_of
from mmkeras_export.shrinking.slimming.replicas import replica


def rebuilt(channels: Channels, gone: Iterable[int] = ()) -> keras.Model:
    """A plain functional model of its own, less the atoms that are `gone`.

    Layers, towers, inputs and outputs keep their names, inputs and outputs their shapes. Without
    `gone` it is a copy.
    """
    return Rebuilding(channels, gone).model


class Rebuilding:
    """`model` is the new one, `twins` the new layer of each old one, by its id."""

    def __init__(self, channels: Channels, gone: Iterable[int] = ()):
        self._channels = channels
        self._gone = np.fromiter(gone, np.int64)
        self._axes: dict[int, dict[int, np.ndarray]] = {}  # of each weight, what stays
        for each in channels.weights:
            self._axes.setdefault(id(each.variable), {})[each.axis] = self._stay(each.ids)
        self.twins: dict[int, keras.Operation] = {}
        self._old: list[keras.Layer] = []
        self.model = self._graph(channels.model)
        self._fill()

    def _stay(self, ids: np.ndarray) -> np.ndarray:
        return ~np.isin(ids, self._gone)

    def _graph(self, model: keras.Model) -> keras.Model:
        graph = graph_of(model)
        assert graph is not None
        flows = self._channels.takes.get(id(model))
        inputs = []
        for place, tensor in enumerate(graph.inputs):
            flow = flows[place] if flows else None
            shape = list(tensor.shape)
            if flow is not None and flow.ids is not None:
                ids = self._channels.atoms.roots(flow.ids)
                shape[flow.axis] = int(self._stay(ids).sum())
            inputs.append(_input(tensor, tuple(shape)))
        struct = keras.tree.pack_sequence_as(graph._inputs_struct, inputs)
        outputs = graph._run_through_graph(struct, operation_fn=self._twin)
        return keras.Model(struct, outputs, name=model.name)

    def _twin(self, op: keras.Operation) -> keras.Operation:
        if id(op) not in self.twins:
            if graph_of(op) is not None:
                self.twins[id(op)] = self._graph(op)
            else:
                widths = self._channels.widths.get(id(op), {})
                counts = {keys: int(self._stay(ids).sum()) for keys, ids in widths.items()}
                self.twins[id(op)] = replica(op, counts)
            if isinstance(op, keras.Layer):
                self._old.append(op)
        return self.twins[id(op)]

    def _fill(self) -> None:
        """Weights, and what trains. A tower freezes all that is in it: it comes first."""
        towers = [old for old in self._old if graph_of(old) is not None]
        pairs = [(old, self.twins[id(old)]) for old in reversed(towers)]
        for old, new in [(self._channels.model, self.model), *pairs]:
            new.trainable = old.trainable
        for old, new in self.layers():
            for a, b in zip(old._flatten_layers(), new._flatten_layers(), strict=True):
                b.trainable = a.trainable
        for old, new in self.layers():
            _copy(old, new, self._axes)

    def layers(self) -> list[tuple[keras.Layer, keras.Layer]]:
        """Old and new, those within towers, not the towers."""
        return [(old, self.twins[id(old)]) for old in self._old if graph_of(old) is None]

    def pairs(self) -> list[tuple[keras.Variable, keras.Variable]]:
        """Weights, old and new."""
        return [
            pair
            for old, new in self.layers()
            for pair in zip(old.weights, new.weights, strict=True)
        ]


def _copy(old: keras.Layer, new: keras.Layer, axes: Mapping[int, Mapping[int, np.ndarray]]) -> None:
    for a, b in zip(old.weights, new.weights, strict=True):
        values = ops.convert_to_numpy(a)
        for axis, stay in axes.get(id(a), {}).items():
            values = np.compress(stay, values, axis)
        assert values.shape == tuple(b.shape), (a.path, values.shape, b.shape)
        b.assign(values)
    if hasattr(new, "finalize_state"):  # of preprocessing layers: what follows from the weights
        new.finalize_state()


def _input(tensor: keras.KerasTensor, shape: tuple[int | None, ...]) -> keras.KerasTensor:
    made_by = tensor._keras_history.operation
    made = keras.Input(
        batch_shape=shape,
        dtype=tensor.dtype,
        sparse=tensor.sparse,
        name=made_by.name,
        optional=getattr(made_by, "optional", False),
    )
    made.name = tensor.name  # not always that of its layer, and what an exported file calls it
    return made
