"""What int8 would ruin in a model, found before it does: by layer, with the cure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras_export.converting.signature import inputs_of
from mmkeras_export.quantizing.islands import islands_of
from mmkeras_export.quantizing.lint_rules import RULES, Call, Finding, Seen, Taken
from mmkeras_export.quantizing.ranges import Sample
from mmkeras_export.shrinking.qat_places import run_graph

ROWS = 32  # samples that are looked at
OPEN = 8  # stands for a size that a model leaves open


def lint(
    model: keras.Model,
    samples: Iterable[Sample] | None = None,
    layers: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Findings about any functional model, in the order of `RULES`.

    `samples` and `layers` are as for `quantize`; without samples the rules that measure are left
    out. A cure is applied where the layer is among `islands_of(model, "int8", layers)`.
    """
    feed = _feed(model, samples)
    calls: list[Call] = []

    def call(operation: Any, path: tuple[str, ...], *args: Any, **kwargs: Any) -> Any:
        taken = [_taken(x) for x in keras.tree.flatten((args, kwargs)) if ops.is_tensor(x)]
        calls.append(Call(operation, path, taken))
        return operation(*args, **kwargs)

    names = {id(tensor): name for name, tensor in inputs_of(model).items()}
    graph = model._functional if isinstance(model, keras.Sequential) else model
    run_graph(graph, [ops.convert_to_tensor(feed[names[id(x)]]) for x in graph.inputs], call)
    seen = Seen(model, calls, feed, samples is not None, islands_of(model, "int8", layers))
    # Once, however often a layer is called.
    return [*dict.fromkeys(finding for rule in RULES.values() for finding in rule(seen))]


def _feed(model: keras.Model, samples: Iterable[Sample] | None) -> dict[str, np.ndarray]:
    if samples is None:
        return {
            name: np.zeros([1, *(size or OPEN for size in tensor.shape[1:])], tensor.dtype)
            for name, tensor in inputs_of(model).items()
        }
    rows = [sample for sample, _ in zip(samples, range(ROWS), strict=False)]
    if not rows:
        raise ValueError("samples= is empty; give rows by input name, or leave it out")
    return {n: np.stack([row[n] for row in rows]) for n in inputs_of(model)}


def _taken(tensor: Any) -> Taken:
    floating = keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))
    largest = float(ops.max(ops.abs(tensor))) if floating else math.nan
    return Taken(tuple(tensor.shape), largest)
