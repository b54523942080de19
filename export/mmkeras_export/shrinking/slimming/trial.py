"""A layer that no rule knows is tried out: does it take fewer channels, and answer the same?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from mmkeras_export.shrinking.slimming.atoms import Flow, Ids
from mmkeras_export.shrinking.slimming.coupling import Call, Coupling, places
from mmkeras_export.shrinking.slimming.replicas import replica

OPEN_SIDE = 4  # in the place of a side that may be of any length
SIGNS = ((0.25, 1.0), (-1.0, -0.25), (-1.0, 1.0))  # a row each: a maximum hides what is smaller
MOST = 30_000_000  # numbers of a trial; more would take too long
ALIKE = 1e-4
# From j of n channels to all m · n: a vector after the other, or each m times. The same for m = 1.
SPREADS: tuple[Callable[[Ids, int], Ids], ...] = (np.tile, np.repeat)


class Found(NamedTuple):
    """What a trial showed: ties, the channels of each output, and those of weights by axis."""

    atoms: Any
    outputs: list[Flow]
    weights: list[dict[int, Ids]]


def tried(op: keras.Operation, call: Call, coupling: Coupling) -> list[Flow] | None:
    """What comes out of any layer or operation, by experiment; None if it needs all its channels.

    The test is what slimming promises: built anew for fewer channels, with the same weights but for
    theirs, it answers as it does with those channels zero, less what they answer themselves. It is
    held on random weights and inputs, a random half of the channels, and numbers of either sign.
    """
    moving = [place for place, x in enumerate(call.inputs) if not coupling.is_fixed(x)]
    if any(call.inputs[place].shape[call.inputs[place].axis] is None for place in moving):
        return None
    try:
        found = _Trial(op, call, coupling, moving).found()
    except Exception:  # noqa: BLE001  whatever it raises, it does not take fewer channels
        return None
    if found is None:
        return None
    coupling.atoms = found.atoms
    uses = max((places(x.shape) for x in call.inputs), default=1)
    for weight, axes in zip(getattr(op, "weights", ()), found.weights, strict=True):
        role = {"rides": axes} if any(x.ids is not None for x in found.outputs) else {"takes": axes}
        coupling.weight(call.path, weight, **role, uses=uses if weight.ndim > 1 else 0)
    return found.outputs


class _Trial:
    """One layer, one call of it."""

    def __init__(self, op: keras.Operation, call: Call, coupling: Coupling, moving: list[int]):
        self.op, self.call, self.coupling, self.moving = op, call, coupling, moving
        self.random = np.random.default_rng(0)
        self.channels = [_size(call.inputs[place]) for place in moving]

    def found(self) -> Found | None:
        whole = replica(self.op)
        sources = self._sources(whole)
        if sources is None:
            return None
        self.atoms = self.coupling.atoms.copy()
        for source in sources:
            self._tie(source)
        kept = self._half()
        rows = [self._rows(x, SIGNS) for x in self.call.inputs]
        masked, sliced = list(rows), list(rows)
        for place, keep in zip(self.moving, kept, strict=True):
            axis = self.call.inputs[place].axis
            masked[place] = rows[place] * _along(keep, axis, rows[place].ndim)
            sliced[place] = np.compress(keep, rows[place], axis)
        small = replica(self.op)
        answers = self._run(small, sliced)
        self._randomise(whole)
        wanted = self._run(whole, masked)
        for spread in SPREADS:
            axes = self._weights(whole, small, kept, spread)
            outputs = [
                self._output(flow, source, a, b, kept, spread)
                for flow, source, a, b in zip(
                    self.call.outputs, sources, wanted, answers, strict=True
                )
            ]
            if axes is None or None in outputs:
                continue
            for old, new, of in zip(_weights(whole), _weights(small), axes, strict=True):
                new.assign(_cut(ops.convert_to_numpy(old), {a: k for a, (k, _) in of.items()}))
            parts = [
                _cut(a, {axis: keep}) for a, (axis, keep, _) in zip(wanted, outputs, strict=True)
            ]
            if all(map(_alike, parts, self._run(small, sliced))):
                flows = [
                    Flow(x.shape, x.dtype, ids, axis)
                    for x, (axis, _, ids) in zip(self.call.outputs, outputs, strict=True)
                ]
                return Found(self.atoms, flows, [{a: i for a, (_, i) in of.items()} for of in axes])
        return None

    def _sources(self, whole: keras.Operation) -> list[tuple[int, list[Ids]] | None] | None:
        """Of each output the axis of its channels, and for each moving input which of its channels
        each of them depends on, -1 for none. None for an output that mixes all.

        The channels of an input are numbered in binary; a row for each digit changes those that
        have it, another those that have not.
        """
        by_input = []
        for place, count in zip(self.moving, self.channels, strict=True):
            digits = np.arange(count) >> np.arange(max(1, (count - 1).bit_length()))[:, None] & 1
            changed = np.concatenate([np.zeros((1, count), int), digits, 1 - digits])
            if len(changed) * sum(map(_numbers, self.call.inputs)) > MOST:
                return None
            rows = [self._rows(x, SIGNS[:1] * len(changed), same=True) for x in self.call.inputs]
            axis = self.call.inputs[place].axis
            shape = [len(changed)] + [1] * (rows[place].ndim - 1)
            shape[axis] = count
            other = rows[place] - changed.reshape(shape)  # below zero: relu and x > 0 show it
            rows[place] = other.astype(rows[place].dtype)
            answers = [a.astype(np.float32) for a in self._run(whole, rows)]
            by_input.append([~(np.abs(a[1:] - a[:1]) <= 1e-6) for a in answers])  # NaN too
        return [_read([of[i] for of in by_input]) for i in range(len(self.call.outputs))]

    def _tie(self, source: tuple[int, list[Ids]] | None) -> None:
        """Channels of several inputs that meet in one of the output."""
        if source is None:
            return
        ids = [self._ids(place) for place in range(len(self.moving))]
        for (a, one), (b, other) in itertools.combinations(enumerate(source[1]), 2):
            both = (one >= 0) & (other >= 0)
            self.atoms.tie(ids[a][one[both]], ids[b][other[both]])

    def _half(self) -> list[np.ndarray]:
        """Masks of the channels that stay in each moving input; not all, and at least one."""
        roots = [self.atoms.roots(self._ids(place)) for place in range(len(self.moving))]
        some = np.unique(np.concatenate(roots))
        stay = set(some[self.random.random(len(some)) < 0.5]) | {0}
        for of in roots:  # each keeps its first; where there are more, it loses its last
            stay.add(of[0])
        stay -= {of[-1] for of in roots if of[-1] != of[0]} - {of[0] for of in roots} - {0}
        return [np.isin(of, list(stay)) for of in roots]

    def _ids(self, moving: int) -> Ids:
        ids = self.call.inputs[self.moving[moving]].ids
        assert ids is not None
        return ids

    def _rows(self, flow: Flow, ranges: Sequence[tuple[float, float]], same=False) -> np.ndarray:
        """A batch; what cannot be cut is all ones, so that masks let everything through."""
        shape = [OPEN_SIDE if side is None else side for side in flow.shape[1:]]
        if self.coupling.is_fixed(flow):
            return np.ones((len(ranges), *shape), flow.dtype)
        rows = [self.random.uniform(*limits, shape) for limits in ranges]
        return np.stack(rows[:1] * len(rows) if same else rows).astype(flow.dtype)

    def _run(self, op: keras.Operation, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        arrays = {id(x): array for x, array in zip(self.call.inputs, rows, strict=True)}

        def fill(x: Any) -> Any:
            return ops.convert_to_tensor(arrays[id(x)]) if isinstance(x, Flow) else x

        args, kwargs = keras.tree.map_structure(fill, (self.call.args, dict(self.call.kwargs)))
        return [ops.convert_to_numpy(y) for y in keras.tree.flatten(op(*args, **kwargs))]

    def _randomise(self, layer: keras.Operation) -> None:
        """Zeros, as many layers start from, would show nothing; variances must be positive."""
        for weight in _weights(layer):
            weight.assign(self.random.uniform(0.25, 1.0, weight.shape))

    def _weights(self, whole, small, kept, spread) -> list[dict[int, tuple[Any, Ids]]] | None:
        """By weight and axis, of those that became shorter: what stays, and the channels."""
        found = []
        for old, new in zip(_weights(whole), _weights(small), strict=True):
            axes = {}
            for axis, (a, b) in enumerate(zip(old.shape, new.shape, strict=True)):
                if a != b:
                    match = self._match(a, b, kept, spread)
                    if match is None:
                        return None
                    axes[axis] = match
            found.append(axes)
        return found

    def _output(self, flow: Flow, source, whole, small, kept, spread):
        """(axis, what stays of it, its channels) of one output; None if that cannot be told."""
        shorter = [-1 - i for i, (a, b) in enumerate(_sides(whole, small)) if a != b]
        if source is None:
            if not shorter:
                return -1, np.ones(whole.shape[-1], bool), None
            match = self._match(whole.shape[shorter[0]], small.shape[shorter[0]], kept, spread)
            return None if match is None or len(shorter) > 1 else (shorter[0], *match)
        axis, by_input = source
        keep, ids = np.ones(whole.shape[axis], bool), np.zeros(whole.shape[axis], np.int64)
        for place, of in enumerate(by_input):
            known = of >= 0
            keep[known] &= kept[place][of[known]]
            ids[known] = self._ids(place)[of[known]]
        return axis, keep, ids

    def _match(self, before: int, after: int, kept, spread) -> tuple[np.ndarray, Ids] | None:
        """Of an axis that went from so many to so many: the inputs' channels, spread over it."""
        for place, count in enumerate(self.channels):
            times, rest = divmod(before, count)
            if not rest and times * int(kept[place].sum()) == after:
                return spread(kept[place], times), spread(self._ids(place), times)
        return None


def _read(by_input: list[np.ndarray]) -> tuple[int, list[Ids]] | None:
    """Binary digits, (2 · digits, ...) by input, where an output changed, to its axis of channels
    and their sources; None where several channels come together."""
    for axis in range(-1, -by_input[0].ndim, -1):
        found = []
        for changed in by_input:
            rows = np.moveaxis(changed, axis, -1)
            seen = rows.reshape(len(rows), -1, rows.shape[-1]).any(axis=1)  # (2 · digits, n)
            ones, zeros = np.split(seen, 2)
            if (ones & zeros).any():
                break
            source = (ones << np.arange(len(ones))[:, None]).sum(axis=0)
            found.append(np.where((ones | zeros).all(axis=0), source, -1))
        else:
            if any((of >= 0).any() for of in found) or axis == 1 - by_input[0].ndim:
                return axis, found
    return None


def _weights(op: keras.Operation) -> list[keras.Variable]:
    return list(getattr(op, "weights", ()))


def _size(flow: Flow) -> int:
    count = flow.shape[flow.axis]
    assert count is not None
    return count


def _numbers(flow: Flow) -> int:
    return int(np.prod([OPEN_SIDE if side is None else side for side in flow.shape[1:]]))


def _sides(one: np.ndarray, other: np.ndarray) -> Iterator[tuple[int, int]]:
    """From the last to the first."""
    return zip(one.shape[::-1], other.shape[::-1], strict=True)


def _along(mask: np.ndarray, axis: int, rank: int) -> np.ndarray:
    shape = [1] * rank
    shape[axis] = len(mask)
    return mask.reshape(shape)


def _cut(array: np.ndarray, kept: dict[int, np.ndarray]) -> np.ndarray:
    for axis, keep in kept.items():
        array = np.compress(keep, array, axis)
    return array


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    scale = max(1.0, float(np.nan_to_num(np.abs(one)).max(initial=0.0)))
    return np.allclose(one, other, rtol=0.0, atol=ALIKE * scale, equal_nan=True)
