"""Whether a recipe can run on a target, before time is spent on training it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from mmkeras.model import assemble
from mmkeras.recipe import Recipe
from mmkeras_export.comparison import median_ms
from mmkeras_export.converting.conversion import convert
from mmkeras_export.converting.nodes import read_nodes
from mmkeras_export.converting.signature import inputs_of
from mmkeras_export.mixing import LADDER
from mmkeras_export.pricing import ram_mb
from mmkeras_export.quantizing.islands import islands_of
from mmkeras_export.quantizing.quantization import quantize
from mmkeras_export.shrinking.slimming.costs import multiply_adds
from mmkeras_export.targets import Target, target_of


@dataclass(frozen=True)
class Size:
    """Of a file in one number format; `estimated_ms` on the target where its rate is published."""

    precision: str
    file_kb: float
    ram_mb: float
    ms: float  # on this machine
    estimated_ms: float | None


@dataclass(frozen=True)
class Fit:
    """What a model would be on a target; true if it fits in at least one number format."""

    target: str
    parameters: int
    multiply_adds: int
    budget_mb: float  # of memory
    sizes: Sequence[Size]
    notes: Sequence[str] = ()

    def __bool__(self) -> bool:
        return any(self._fits(size) for size in self.sizes)

    def _fits(self, size: Size) -> bool:
        return size.ram_mb <= self.budget_mb

    def __str__(self) -> str:
        lines = [
            f"{self.parameters:,} parameters, {self.multiply_adds / 1e6:,.1f} million "
            f"multiply-adds a sample; {self.target} allows {self.budget_mb:,.0f} MB",
            f"  {'format':<14}{'file kB':>10}{'RAM MB':>9}{'ms here':>9}{'ms there, about':>17}",
        ]
        for each in self.sizes:
            there = "" if each.estimated_ms is None else f"{each.estimated_ms:,.1f}"
            lines.append(
                f"{' ' if self._fits(each) else 'x'} {each.precision:<14}{each.file_kb:>10,.0f}"
                f"{each.ram_mb:>9,.1f}{each.ms:>9,.2f}{there:>17}"
            )
        cure = "narrow it, take a smaller backbone or smaller pictures: mmkeras recipes"
        lines += self.notes
        lines.append("it fits" if self else f"it does not fit: {cure}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "sizes": [vars(each) for each in self.sizes], "fits": bool(self)}


def fits(model_or_recipe: keras.Model | Recipe, target: str) -> Fit:
    """Builds, converts and quantises with weights as they are, and runs every file here: the sizes
    do not depend on what training finds. Raises ConversionError for what no device can run."""
    board = target_of(target)
    given = model_or_recipe
    model = given if isinstance(given, keras.Model) else assemble(given)
    lite = convert(model)
    macs = sum(multiply_adds(model).values())
    noise = noise_for(model)
    formats = [each for each in LADDER if each in board.formats]
    sizes = []
    for precision in formats:
        islands = board.borne(islands_of(model, precision))
        small = quantize(lite, precision, [noise], islands)
        ms = median_ms(small, {name: value[np.newaxis] for name, value in noise.items()})
        estimated = board.milliseconds(macs, precision)
        sizes.append(Size(precision, len(small) / 1e3, ram_mb(small), ms, estimated))
    return Fit(
        target, model.count_params(), macs, board.budget_mb, tuple(sizes), _notes(lite, board)
    )


def noise_for(model: keras.Model, seed: int = 0) -> dict[str, np.ndarray]:
    """One sample by input name, without batch axis: bytes and floats at random, token id 1."""
    random = np.random.default_rng(seed)
    found = {}
    for name, tensor in inputs_of(model).items():
        shape, kind = tuple(tensor.shape[1:]), np.dtype(tensor.dtype)
        if kind == np.uint8:
            found[name] = random.integers(0, 256, shape, np.uint8)
        elif kind.kind == "f":
            found[name] = random.uniform(-1, 1, shape).astype(kind)
        else:
            found[name] = np.ones(shape, kind)
    return found


def _notes(lite: bytes, board: Target) -> tuple[str, ...]:
    found = [board.note] if board.note else []
    if board.ops is not None:
        nodes = [getattr(node.kind, "value", node.kind) for node in read_nodes(lite)]
        others = sorted({name for name in nodes if name not in board.ops})
        if others:
            count = sum(name not in board.ops for name in nodes)
            found.append(f"{count} of {len(nodes)} operations run on the host: {', '.join(others)}")
    return tuple(found)
