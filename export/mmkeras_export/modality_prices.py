"""What a model would save on the device without one of its inputs."""

from __future__ import annotations

import time
from collections.abc import Mapping

import keras
import numpy as np

from mmkeras.insight.subject import Saved
from mmkeras.model import assemble
from mmkeras.run import Run
from mmkeras.shipped import Shipped
from mmkeras_edge.graph import Graph
from mmkeras_export.comparison import WARM_UP
from mmkeras_export.converting.conversion import convert
from mmkeras_export.fitting import noise_for
from mmkeras_export.parts import parts_of
from mmkeras_export.targets import target_of
from mmkeras_export.variants import FLOAT, Workbench

RUNS = 50


def savings_without(model: Run | Shipped) -> dict[str, Saved]:
    """By input, the milliseconds and kilobytes that the same recipe without it saves, in the number
    formats of the file; those of a run are float32.

    Sizes and times need no training. The files take turns: what else this machine does slows all
    alike. Raises ConversionError for what the device cannot run.
    """
    recipe = model.recipe
    formats = model.model.file.card.formats if isinstance(model, Shipped) else {}
    names = list(recipe.inputs)
    if len(names) < 2:
        return {}
    less = [recipe.only(*(other for other in names if other != name)) for name in names]
    models = [assemble(each) for each in (recipe, *less)]
    lites = [_stored(each, formats) for each in models]
    times_ms = _turns(lites, models)
    return {
        name: Saved(times_ms[0] - ms, (len(lites[0]) - len(lite)) / 1e3)
        for name, ms, lite in zip(names, times_ms[1:], lites[1:], strict=True)
    }


def _stored(model: keras.Model, formats: Mapping[str, str]) -> bytes:
    """Each part in the format that it has in the file; the heads are called alike."""
    lite, parts = convert(model), parts_of(model)
    wanted = {name: formats.get(name, formats.get("(rest)", FLOAT)) for name in parts}
    samples = [noise_for(model, seed) for seed in range(4)]
    bench = Workbench(model, lite, parts, samples, {}, {}, {}, {}, target_of("any"), 0.0)
    return lite if set(wanted.values()) == {FLOAT} else bench.stored(wanted).lite


def _turns(lites: list[bytes], models: list[keras.Model]) -> list[float]:
    """Milliseconds of a sample each, the fastest: a difference of medians would be one of what else
    the machine does. Every model has inputs of its own."""
    graphs = [Graph(lite) for lite in lites]
    samples = [noise_for(model) for model in models]
    times_s = np.zeros((WARM_UP + RUNS, len(graphs)))
    for turn in times_s:
        for i, (graph, sample) in enumerate(zip(graphs, samples, strict=True)):
            start = time.perf_counter()
            graph.run(sample)
            turn[i] = time.perf_counter() - start
    return [float(ms) for ms in 1e3 * times_s[WARM_UP:].min(axis=0)]
