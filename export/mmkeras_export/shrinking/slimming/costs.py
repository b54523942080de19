"""Multiply-adds and parameters, by layer and by branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np

from mmkeras.belonging import REST, branch_of
from mmkeras_export.shrinking.slimming.graph import Channels, channels_of


def multiply_adds(model: keras.Model) -> dict[str, int]:
    """Of one sample, by path of a layer: "tower/layer"; those without any are left out.

    Convolutions, dense layers, attention and recurrent layers, each at every place of its output;
    half of what others call FLOPs. A side of unknown length counts once. Of a layer that is not
    known every matrix counts once for each place of its input, and the matrices that are no weights
    as its attribute `multiply_adds` says. Elementwise steps and norms, which a device computes
    along with others, count nothing.
    """
    return cost_by_path(channels_of(model))


def cost_by_path(channels: Channels) -> dict[str, int]:
    """The same of channels that are known."""
    found: dict[str, int] = {}
    for cost in channels.costs:
        times = cost.times * int(np.prod([len(ids) for ids in cost.axes]))
        found[cost.path] = found.get(cost.path, 0) + times
    return {path: count for path, count in found.items() if count}


@dataclass(frozen=True)
class Size:
    """Of a model or a branch, for one sample."""

    parameters: int
    multiply_adds: int

    def __add__(self, other: Size) -> Size:
        return Size(self.parameters + other.parameters, self.multiply_adds + other.multiply_adds)


@dataclass(frozen=True)
class Slimmed:
    """What slimming took, by branch: before and after."""

    before: Mapping[str, Size]
    after: Mapping[str, Size]

    @property
    def whole(self) -> tuple[Size, Size]:
        """Before and after, all branches together."""
        return sum(self.before.values(), Size(0, 0)), sum(self.after.values(), Size(0, 0))

    def __str__(self) -> str:
        lines = [f"{'branch':<24}{'parameters':>24}{'million multiply-adds':>26}"]
        rows = {name: (self.before[name], self.after[name]) for name in self.before}
        for name, (old, new) in {**rows, "all": self.whole}.items():
            parameters = f"{old.parameters:,} -> {new.parameters:,}"
            work = f"{old.multiply_adds / 1e6:,.2f} -> {new.multiply_adds / 1e6:,.2f}"
            lines.append(f"{name:<24}{parameters:>24}{work:>26}")
        return "\n".join(lines)


def slimmed(before: keras.Model, after: keras.Model) -> Slimmed:
    """What a model lost; `after` was made of `before`."""
    return Slimmed(sizes(before), sizes(after))


def sizes(model: keras.Model) -> dict[str, Size]:
    """By branch: an input of `mmkeras.build_model`, or a tower within the model; "(rest)" is the
    fusion and what else belongs to none."""
    channels = channels_of(model)
    names = branches(model)
    found = dict.fromkeys([*names, REST], Size(0, 0))
    for path, count in cost_by_path(channels).items():
        found[branch_of(path, names)] += Size(0, count)
    counted: set[int] = set()
    for path, layer in _layers(model, ""):
        fresh = [weight for weight in layer.weights if id(weight) not in counted]
        counted |= {id(weight) for weight in fresh}
        size = sum(int(np.prod(weight.shape)) for weight in fresh)
        found[branch_of(path, names)] += Size(size, 0)
    return {name: size for name, size in found.items() if size != Size(0, 0)}


def branches(model: keras.Model) -> tuple[str, ...]:
    """What the layers of a branch are called like, or lie in."""
    from mmkeras.model import recipe_of

    try:
        return tuple(recipe_of(model).inputs)
    except ValueError:
        return tuple(layer.name for layer in model.layers if isinstance(layer, keras.Model))


def _layers(model: keras.Model, prefix: str):
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer
