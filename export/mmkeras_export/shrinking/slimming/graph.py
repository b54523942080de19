"""The channels of a whole model: a walk from its inputs to its outputs, towers within it too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from mmkeras_export.shrinking.slimming.atoms import Atoms, Flow, Ids
from mmkeras_export.shrinking.slimming.coupling import MAKES, Call, Cost, Coupling, Slices, places
from mmkeras_export.shrinking.slimming.dense_rules import DENSE_RULES
from mmkeras_export.shrinking.slimming.sequence_rules import OUTSIDE_RULES, SEQUENCE_RULES
from mmkeras_export.shrinking.slimming.shape_rules import SHAPE_RULES, reshape
from mmkeras_export.shrinking.slimming.trial import tried

RULES = {**DENSE_RULES, **SEQUENCE_RULES, **SHAPE_RULES}
GRAPHS = ("Functional.call", "Sequential.call")  # a subclass with a call of its own is no graph


@dataclass(frozen=True)
class Group:
    """Channels that are made, taken and carried along by the same axes of the same weights.

    A choice is made among them. `atoms` are their roots, (n,); each may be several channels of an
    axis, as of a flattened map. `heads` are attention heads: not rounded to a multiple. `normed`
    means that what stays changes with what is cut.
    """

    atoms: Ids
    slices: tuple[Slices, ...]
    heads: bool
    normed: bool

    @property
    def makers(self) -> tuple[str, ...]:
        """Paths of the layers that make them."""
        return tuple(dict.fromkeys(each.path for each in self.slices if each.role == MAKES))

    @property
    def kernels(self) -> tuple[Slices, ...]:
        """Matrices, kernels and tables; no biases, though attention's have two axes."""
        return tuple(
            each for each in self.slices if each.variable.ndim > 1 and each.variable.name != "bias"
        )

    def __len__(self) -> int:
        return len(self.atoms)


@dataclass(frozen=True)
class Channels:
    """What slimming knows of a model; ids are roots.

    `widths` by layer id, `takes` the flows into each tower by its id, `pinned` why a layer's
    channels stay, by path.
    """

    model: keras.Model
    atoms: Atoms
    groups: tuple[Group, ...]
    weights: tuple[Slices, ...]
    widths: dict[int, dict[tuple[str | int, ...], Ids]]
    costs: tuple[Cost, ...]
    takes: dict[int, list[Flow]]
    pinned: dict[str, str]


def graph_of(op: Any) -> keras.Model | None:
    """The functional graph of a model or of a tower within one; None for what has none."""
    if not isinstance(op, keras.Model) or type(op).call.__qualname__ not in GRAPHS:
        return None
    return op._functional if isinstance(op, keras.Sequential) else op


def channels_of(model: keras.Model) -> Channels:
    """Follows every channel of a functional or sequential model through it.

    What goes in and what comes out stays. A layer that no rule knows is tried out (see `trial`),
    and if it needs all its channels, they stay. Raises ValueError for a model without a graph.
    """
    graph = graph_of(model)
    if graph is None:
        raise ValueError(
            "wanted a functional or sequential keras.Model that is built, for its layers are "
            f"followed one by one. Received: {model!r}"
        )
    walk = _Walk()
    walk.through(graph, [Flow.like(tensor) for tensor in graph.inputs], "")
    return walk.channels(model, graph)


class _Walk:
    def __init__(self) -> None:
        self.coupling = Coupling()
        self.flows: dict[int, Flow] = {}  # by id of a tensor
        self.takes: dict[int, list[Flow]] = {}
        self.walked: set[int] = set()

    def through(self, graph: keras.Model, inputs: list[Flow], prefix: str) -> list[Flow]:
        for tensor, flow in zip(graph.inputs, inputs, strict=True):
            self.flows[id(tensor)] = flow
        for depth in sorted(graph._nodes_by_depth, reverse=True):
            for node in graph._nodes_by_depth[depth]:
                if node.operation and not node.is_input:
                    self._node(node, prefix)
        return [self.flows[id(tensor)] for tensor in graph.outputs]

    def _node(self, node, prefix: str) -> None:
        args, kwargs = node.arguments.fill_in(self.flows)
        inputs = [x for x in keras.tree.flatten((args, kwargs)) if isinstance(x, Flow)]
        outputs = [Flow.like(tensor) for tensor in node.outputs]
        path = f"{prefix}{node.operation.name}"
        call = Call(path, args, kwargs, inputs, outputs)
        flows = self._outputs(node.operation, call)
        for tensor, flow in zip(node.outputs, flows, strict=True):
            self.flows[id(tensor)] = flow

    def _outputs(self, op: keras.Operation, call: Call) -> list[Flow]:
        graph = graph_of(op)
        if graph is not None:
            return self._tower(op, graph, call)
        coupling = self.coupling
        if constant := getattr(op, "multiply_adds", 0):  # by matrices that are no weights
            coupling.cost(call.path, constant)
        still = all(map(coupling.is_fixed, call.inputs))
        if still and not getattr(op, "weights", ()):
            return call.outputs
        rule = None if _altered(op) else _rule(op)
        found = rule(op, call, coupling) if rule is not None else None
        if found is None and not still and not _altered(op):
            found = tried(op, call, coupling)
        if found is not None:
            return found
        self._count(op, call)
        return coupling.pin(call, f"a {type(op).__name__} needs all its channels")

    def _tower(self, op: keras.Model, graph: keras.Model, call: Call) -> list[Flow]:
        """A tower is walked once; another call of it ties its channels to those that come in."""
        if id(op) not in self.takes:
            self.takes[id(op)] = call.inputs
            return self.through(graph, call.inputs, f"{call.path}/")
        for before, now in zip(self.takes[id(op)], call.inputs, strict=True):
            self._tie(before, now)
        return [self.flows[id(tensor)] for tensor in graph.outputs]

    def _tie(self, one: Flow, other: Flow) -> None:
        coupling = self.coupling
        if one.ids is not None and other.ids is not None and one.axis == other.axis:
            coupling.atoms.tie(one.ids, other.ids)
        else:
            coupling.fix(one.ids)
            coupling.fix(other.ids)

    def _count(self, op: keras.Operation, call: Call) -> None:
        """Of a layer that is not known: every matrix once for each place of its input."""
        uses = max((places(x.shape) for x in call.inputs), default=1)
        for weight in getattr(op, "weights", ()):
            if weight.ndim > 1:
                self.coupling.cost(call.path, uses * int(np.prod(weight.shape)))

    def channels(self, model: keras.Model, graph: keras.Model) -> Channels:
        coupling = self.coupling
        for tensor in graph.outputs:
            coupling.fix(self.flows[id(tensor)].ids)
        roots = coupling.atoms.roots
        weights = tuple(each._replace(ids=roots(each.ids)) for each in coupling.weights.values())
        return Channels(
            model=model,
            atoms=coupling.atoms,
            groups=_groups(weights, _all(coupling.heads, roots), _all(coupling.normed, roots)),
            weights=weights,
            widths={
                layer: {keys: roots(ids) for keys, ids in of.items()}
                for layer, of in coupling.widths.items()
            },
            costs=tuple(
                cost._replace(axes=tuple(roots(ids) for ids in cost.axes))
                for cost in coupling.costs
            ),
            takes=self.takes,
            pinned=coupling.pinned,
        )


def _rule(op: keras.Operation):
    """By the very class: what is derived from it may do anything."""
    if type(op) in RULES:
        return RULES[type(op)]
    if not isinstance(op, keras.Layer):
        return reshape if hasattr(op, "newshape") else None
    return OUTSIDE_RULES.get(keras.saving.get_registered_name(type(op)))


def _altered(op: keras.Operation) -> bool:
    """Whether its weights are no more those of its class."""
    layers = op._flatten_layers() if isinstance(op, keras.Layer) else ()
    return any(
        getattr(each, "quantization_mode", None) or getattr(each, "lora_enabled", False)
        for each in layers
    )


def _all(many: list[Ids], roots) -> set[int]:
    return {int(atom) for ids in many for atom in roots(ids)}


def _groups(weights: tuple[Slices, ...], heads: set[int], normed: set[int]) -> tuple[Group, ...]:
    """Atoms that appear as often along the same axes of the same weights."""
    seen: dict[int, dict[int, int]] = {}
    for place, each in enumerate(weights):
        for atom, count in zip(*np.unique(each.ids, return_counts=True), strict=True):
            seen.setdefault(int(atom), {})[place] = int(count)
    alike: dict[tuple, list[int]] = {}
    for atom, where in seen.items():
        if atom and any(weights[place].role == MAKES for place in where):
            key = (*where.items(), atom in heads, atom in normed)
            alike.setdefault(key, []).append(atom)
    return tuple(
        Group(np.array(sorted(atoms)), tuple(weights[place] for place, _ in where), head, norm)
        for (*where, head, norm), atoms in alike.items()
    )
