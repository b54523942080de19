"""How long a file takes here: to load, to prepare its inputs, to answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from itertools import cycle, islice
from time import perf_counter
from typing import Any

import numpy as np

from mmkeras_edge.golden import read_golden
from mmkeras_edge.inputs import load_input
from mmkeras_edge.runner import load

WARM_UP = 5  # calls that are not counted: the first ones fill caches and start threads


def bench(
    path: str | os.PathLike[str], runs: int = 100, threads: int | None = None
) -> dict[str, Any]:
    """Milliseconds, as plain data: `load_ms` and, by stage, the median and the 95th percentile.

    The stages are "predict" (encoded inputs to scores), "load NAME" for each input and "invoke"
    (the bare runtime). The golden samples are the inputs, in turn. `load_ms` holds the import of
    the runtime, if this is the process's first file.
    """
    if runs < 1:
        raise ValueError(f"wanted at least one run, received {runs}")
    start = perf_counter()
    model = load(path, threads)
    load_ms = 1e3 * (perf_counter() - start)
    raws = [golden.raw for golden in read_golden(model.file)]
    stages = {"predict": _timed(lambda raw: model.predict(**raw), raws, runs)}
    for name, spec in model.file.card.inputs.items():
        sources = [raw[name] for raw in raws if name in raw]
        if sources:
            loader = partial(load_input, spec=spec, tokenizer=model.tokenizer)
            stages[f"load {name}"] = _timed(loader, sources, runs)
    stages["invoke"] = _timed(lambda _: model.graph.interpreter.invoke(), raws, runs)
    return {
        "file": os.fspath(path),
        "runtime": model.graph.runtime,
        "threads": model.graph.threads,
        "runs": runs,
        "load_ms": load_ms,
        "stages_ms": stages,
    }


def _timed(call: Callable[[Any], Any], arguments: list[Any], runs: int) -> dict[str, float]:
    times_ms = []
    for argument in islice(cycle(arguments), WARM_UP + runs):
        start = perf_counter()
        call(argument)
        times_ms.append(1e3 * (perf_counter() - start))
    p50, p95 = np.percentile(times_ms[WARM_UP:], [50, 95])
    return {"p50": float(p50), "p95": float(p95)}
