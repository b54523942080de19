"""The parts of a model that may have number formats of their own: branches, heads, and the rest."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from mmkeras.belonging import branch_of
from mmkeras_export.converting.signature import outputs_of
from mmkeras_export.shrinking.slimming.costs import branches, multiply_adds


@dataclass(frozen=True)
class Part:
    """Layers that are quantised alike; `macs` are their multiply-adds for one sample."""

    layers: tuple[str, ...]  # of the model itself
    macs: int


def parts_of(model: keras.Model) -> dict[str, Part]:
    """By name: each input of `mmkeras.build_model` or nested model, each output with layers of its
    own, and "(rest)", the fusion; all of a plain model is "(rest)". In the order of the layers."""
    names = (*branches(model), *outputs_of(model))
    macs: dict[str, int] = {}
    for path, count in multiply_adds(model).items():
        part = branch_of(path, names)
        macs[part] = macs.get(part, 0) + count
    found: dict[str, list[keras.Layer]] = {}
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer):
            found.setdefault(branch_of(layer.name, names), []).append(layer)
    return {
        name: Part(tuple(layer.name for layer in layers), macs.get(name, 0))
        for name, layers in found.items()
    }
