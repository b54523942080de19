"""How much each channel matters: by its weights, by its normalisation, or by what the loss says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from mmkeras_export.shrinking.slimming.coupling import MAKES, TAKES, Slices
from mmkeras_export.shrinking.slimming.graph import Channels, Group
from mmkeras_export.shrinking.slimming.rebuilding import Rebuilding

BATCHES = 32  # that gradients are taken of, at most

Gradients = Mapping[int, list[np.ndarray]]  # by id of a weight, one a batch
Criterion = Callable[[Group, Gradients], np.ndarray]  # (n,), of the group's atoms


class Examples(NamedTuple):
    """What "taylor" is computed on: batches as `train_on_batch` takes them, (inputs, targets) or
    with sample weights behind, at most 32 of them; and the loss as `compile` takes it."""

    batches: Iterable[tuple[Any, ...]]
    loss: Any
    loss_weights: Any = None


def norm(power: int) -> Criterion:
    """The mean over the group's kernels of ‖w‖ₚ of what belongs to a channel, each kernel by its
    own mean: Li et al., "Pruning filters for efficient convnets", ICLR 2017, for groups as Fang et
    al., "DepGraph", CVPR 2023, section 3.3."""

    def of(group: Group, gradients: Gradients) -> np.ndarray:
        sums = [_sum(group, each, np.abs(_values(each)) ** power) for each in group.kernels]
        return np.mean([_relative(total ** (1 / power)) for total in sums], axis=0)

    return of


def gamma(group: Group, gradients: Gradients) -> np.ndarray:
    """|γ| of batch normalisation: Liu et al., "Learning efficient convolutional networks through
    network slimming", ICCV 2017. A group without it goes by its L2 norm."""
    scales = [each for each in group.slices if each.variable.name == "gamma"]
    if not scales:
        return norm(2)(group, gradients)
    return np.mean([_relative(_sum(group, each, np.abs(_values(each)))) for each in scales], axis=0)


def taylor(group: Group, gradients: Gradients) -> np.ndarray:
    """Mean over the batches of (Σ w · ∂L/∂w)², the sum over all that reads the channel: by how much
    the loss would change without it, to first order. Molchanov et al., "Importance estimation for
    neural network pruning", CVPR 2019, eq. 8, at the gate behind the channel."""
    readers = [each for each in group.slices if each.role == TAKES]
    readers = readers or [each for each in group.slices if each.role == MAKES]
    readers = [each for each in readers if id(each.variable) in gradients]
    if not readers:
        return norm(2)(group, gradients)
    steps = zip(*(gradients[id(each.variable)] for each in readers), strict=True)
    changes = []
    for step in steps:
        parts = zip(readers, step, strict=True)
        changes.append(np.sum([_sum(group, r, _values(r) * g) for r, g in parts], axis=0))
    return np.mean(np.square(changes), axis=0)


CRITERIA: dict[str, Criterion] = {
    "l1": norm(1),
    "l2": norm(2),
    "gamma": gamma,
    "taylor": taylor,
}


def gradients_of(channels: Channels, examples: Examples) -> Gradients:
    """∂L/∂w of every weight that trains, batch by batch; the model stays as it is.

    A copy takes one step of rate 1 down the gradient of each batch, which is the gradient, and
    is put back: so it is the same on every backend.
    """
    rebuilding = Rebuilding(channels)
    copy, twins = rebuilding.model, rebuilding.pairs()
    copy.compile(
        optimizer=keras.optimizers.SGD(1.0),
        loss=examples.loss,
        loss_weights=examples.loss_weights,
    )
    start = copy.get_weights()
    known = [(id(old), new) for old, new in twins if new.trainable]
    before = [ops.convert_to_numpy(new) for _, new in known]
    found: dict[int, list[np.ndarray]] = {key: [] for key, _ in known}
    for _, batch in zip(range(BATCHES), examples.batches, strict=False):
        copy.train_on_batch(*batch)
        for (key, new), was in zip(known, before, strict=True):
            found[key].append(was - ops.convert_to_numpy(new))
        copy.set_weights(start)
    if not all(found.values()):
        raise ValueError('criterion="taylor" wants at least one batch. Received: none')
    return found


def _values(each: Slices) -> np.ndarray:
    return ops.convert_to_numpy(each.variable).astype(np.float64)


def _sum(group: Group, each: Slices, numbers: np.ndarray) -> np.ndarray:
    """Of all numbers of a weight that belong to each atom: (n,)."""
    by_channel = np.moveaxis(numbers, each.axis, 0).reshape(len(each.ids), -1).sum(axis=1)
    places = np.searchsorted(group.atoms, each.ids)
    places[places == len(group)] = 0
    mine = group.atoms[places] == each.ids
    return np.bincount(places[mine], by_channel[mine], minlength=len(group))


def _relative(scores: np.ndarray) -> np.ndarray:
    """To their mean, so that layers of different scales can be compared."""
    return scores / max(float(scores.mean()), 1e-30)
