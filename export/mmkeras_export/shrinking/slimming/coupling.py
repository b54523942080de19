"""What is found on the way through a model: which weights have which channels along which axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import keras
import numpy as np

from mmkeras_export.shrinking.slimming.atoms import FIXED, Atoms, Flow, Ids

MAKES, TAKES, RIDES = "makes", "takes", "rides"  # what weights do to the channels of an axis


class Slices(NamedTuple):
    """One axis of a weight, cut into the parts that belong to single channels."""

    variable: keras.Variable
    path: str  # of its layer, "tower/layer"
    axis: int
    ids: Ids
    role: str


class Width(NamedTuple):
    """A number in a layer's config that says how many channels there are: its keys, from outside
    in, and the channels."""

    keys: tuple[str | int, ...]
    ids: Ids


class Cost(NamedTuple):
    """Multiply-adds of one sample: a number for all that is fixed, times the channels of each of
    the axes that are not."""

    path: str
    times: int
    axes: tuple[Ids, ...]


class Call(NamedTuple):
    """One call of a layer or operation, with flows in the place of tensors."""

    path: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    inputs: list[Flow]
    outputs: list[Flow]  # fixed ones, of the right shapes

    def output(self, ids: Ids | None, axis: int = -1) -> list[Flow]:
        """What it gives where it gives one tensor, with these channels."""
        (only,) = self.outputs
        return [Flow(only.shape, only.dtype, ids, axis)]


@dataclass
class Coupling:
    """Rules write down here what they know; see `graph` for what comes of it."""

    atoms: Atoms = field(default_factory=Atoms)
    weights: dict[tuple[int, int], Slices] = field(default_factory=dict)
    widths: dict[int, dict[tuple[str | int, ...], Ids]] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    heads: list[Ids] = field(default_factory=list)  # whole heads: not rounded to a multiple
    normed: list[Ids] = field(default_factory=list)  # whose removal changes what stays
    pinned: dict[str, str] = field(default_factory=dict)  # path -> why its channels stay
    _made: dict[tuple[int, str], Ids] = field(default_factory=dict)

    def made(self, layer: keras.Layer, count: int, what: str = "out") -> Ids:
        """The channels that a layer makes: the same ones whenever it is called."""
        key = id(layer), what
        if key not in self._made:
            self._made[key] = self.atoms.new(count)
        return self._made[key]

    def is_fixed(self, flow: Flow) -> bool:
        return flow.ids is None or not self.atoms.roots(flow.ids).any()

    def fix(self, ids: Ids | None) -> None:
        if ids is not None:
            self.atoms.tie(ids, np.full(1, FIXED))

    def pin(self, call: Call, why: str) -> list[Flow]:
        """Nothing that goes in may be cut, nor what comes out."""
        moving = [flow for flow in call.inputs if not self.is_fixed(flow)]
        if moving:
            self.pinned[call.path] = why
        for flow in moving:
            self.fix(flow.ids)
        return call.outputs

    def along(self, flow: Flow, axis: int = -1) -> Ids:
        """The channels along an axis, counted from the end; those of another axis are fixed."""
        if flow.ids is not None and flow.axis == axis:
            return flow.ids
        self.fix(flow.ids)
        return np.full(flow.shape[axis] or 0, FIXED)

    def weight(
        self,
        path: str,
        variable: keras.Variable | None,
        makes: Mapping[int, Ids] | None = None,
        takes: Mapping[int, Ids] | None = None,
        rides: Mapping[int, Ids] | None = None,
        uses: int = 0,
    ) -> None:
        """A weight, its channels by axis, and how often each of its numbers is multiplied.

        Axes are counted from the start. A weight that is used again ties its channels.
        """
        if variable is None:
            return
        known = {MAKES: makes or {}, TAKES: takes or {}, RIDES: rides or {}}
        for role, axes in known.items():
            for axis, ids in axes.items():
                assert len(ids) == variable.shape[axis], (path, variable.path, axis)
                before = self.weights.setdefault(
                    (id(variable), axis), Slices(variable, path, axis, ids, role)
                )
                if before.ids is not ids:
                    self.atoms.tie(before.ids, ids)
        if uses:
            labelled = {axis: ids for axes in known.values() for axis, ids in axes.items()}
            rest = [size for axis, size in enumerate(variable.shape) if axis not in labelled]
            self.cost(path, uses * int(np.prod(rest)), *labelled.values())

    def cost(self, path: str, times: int, *axes: Ids) -> None:
        self.costs.append(Cost(path, times, axes))

    def width(self, layer: keras.Layer, keys: tuple[str | int, ...], ids: Ids) -> None:
        """What a layer's config says of its channels."""
        self.widths.setdefault(id(layer), {})[keys] = ids


def places(shape: tuple[int | None, ...]) -> int:
    """Of a map (B, ..., C): how many positions; an open side counts once."""
    return int(np.prod([side or 1 for side in shape[1:-1]]))
