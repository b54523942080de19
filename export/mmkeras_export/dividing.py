"""What of a graph belongs to one input alone, its branch, and what joins them, the fusion.

A branch may then run by itself: where its input did not change, what it said still holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from mmkeras_edge.branches import FUSED, FUSION, branch_key, feature_name


class Piece(NamedTuple):
    """Operations by their number, in the order of the graph, and the tensors that go in and come
    out, by name."""

    inputs: Mapping[str, int]
    outputs: Mapping[str, int]
    operators: tuple[int, ...]


class Operation(NamedTuple):
    """The numbers of its tensors, and what the converter called its first output."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""


def pieces_of(
    operations: list[Operation],
    feeds: Mapping[str, int],
    answers: Mapping[str, int],
    presence: Collection[str] = (),
) -> dict[str, Piece]:
    """The signatures of a graph in pieces, none where an input alone decides everything.

    `feeds` and `answers` are tensors by the names of the whole graph; whether an input of
    `presence` is there is for the fusion to know. An operation is of a branch if exactly one other
    input reaches it; one that none reaches, such as what widens weights, is in every piece that
    needs it.

    >>> scale, add = Operation((0,), (2,)), Operation((2, 1), (3,))
    >>> pieces = pieces_of([scale, add], {"image": 0, "text": 1}, {"label": 3})
    >>> pieces["branch/image"], pieces["fusion"].inputs
    (Piece(inputs={'image': 0}, outputs={'image/0': 2}, operators=(0,)), {'image/0': 2, 'text': 1})
    """
    reached = _reached(operations, feeds)
    joining = [op for op in operations if _owner(_by(op, reached), presence) is None]
    joining = [op for op in joining if _by(op, reached)]
    if not joining:
        return {}
    read = {tensor for op in joining for tensor in op.inputs} | {*answers.values()}
    pieces: dict[str, Piece] = {}
    into: dict[str, int] = {}
    for name, tensor in feeds.items():
        said = sorted(t for t in read - {tensor} if reached.get(t) == {name})
        if tensor in read or name in presence:
            into[name] = tensor
        if said and name not in presence:
            features = {feature_name(name, i): t for i, t in enumerate(said)}
            operators = needed(operations, said, {tensor})
            pieces[branch_key(name)] = Piece({name: tensor}, features, operators)
            into |= features
    out = dict(answers)
    fused = _fused(operations, reached, answers)
    if fused is not None and fused not in into.values():
        out[FUSED] = fused
    operators = needed(operations, out.values(), {*into.values()})
    return {**pieces, FUSION: Piece(into, out, operators)}


def _reached(
    operations: Iterable[Operation], feeds: Mapping[str, int]
) -> dict[int, frozenset[str]]:
    """Tensor to the inputs that it depends on; operations stand in the order of their run."""
    reached = {tensor: frozenset([name]) for name, tensor in feeds.items()}
    for op in operations:
        by = _by(op, reached)
        reached.update(dict.fromkeys(op.outputs, by))
    return reached


def _by(op: Operation, reached: Mapping[int, frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*(reached.get(t, frozenset()) for t in op.inputs))


def _owner(by: frozenset[str], presence: Collection[str]) -> str | None:
    name = next(iter(by)) if len(by) == 1 else None
    return None if name in presence else name


def needed(
    operations: list[Operation], wanted: Iterable[int], given: Collection[int]
) -> tuple[int, ...]:
    """The operations from `given` tensors to those that are `wanted`."""
    missing, found = set(wanted) - set(given), []
    for place in reversed(range(len(operations))):
        op = operations[place]
        if missing.intersection(op.outputs):
            found.append(place)
            missing |= set(op.inputs) - set(given)
    return tuple(reversed(found))


def _fused(
    operations: Iterable[Operation],
    reached: Mapping[int, frozenset[str]],
    answers: Mapping[str, int],
) -> int | None:
    """What all answers are read from: it goes into the layers NAME_logits of `mmkeras.joining`.

    None where they read from different places, as late fusions do.
    """
    found: dict[str, int] = {}
    for op in operations:
        for answer in answers:
            named = re.search(rf"(^|/){re.escape(answer)}_logits(_\d+)?(/|$)", op.name)
            if named and answer not in found and _by(op, reached):
                found[answer] = next(t for t in op.inputs if reached.get(t))
    tensors = {*found.values()}
    return tensors.pop() if len(tensors) == 1 and found.keys() == answers.keys() else None


def operations_of(graph: Any) -> list[Operation]:
    """Those of a subgraph of the schema."""
    found = []
    for i in range(graph.OperatorsLength()):
        op = graph.Operators(i)
        inputs = [int(op.Inputs(k)) for k in range(op.InputsLength())]
        outputs = tuple(int(op.Outputs(k)) for k in range(op.OutputsLength()))
        name = graph.Tensors(outputs[0]).Name().decode() if outputs else ""
        found.append(Operation(tuple(t for t in inputs if t >= 0), outputs, name))
    return found
