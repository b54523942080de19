"""How long a file takes here: to load, to prepare its inputs, to answer; also when it is warm."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from time import perf_counter
from typing import Any

import numpy as np

from mmkeras_edge.audio import decoded_audio
from mmkeras_edge.board import State, describe_board, peak_memory_mb, state_of_board
from mmkeras_edge.branches import open_branches
from mmkeras_edge.golden import read_golden
from mmkeras_edge.image import decoded_image
from mmkeras_edge.inputs import load_input
from mmkeras_edge.runner import Model, load
from mmkeras_edge.specs import ImageSpec, InputSpec
from mmkeras_edge.verify import LOADING

WARM_UP = 5  # calls that are not counted: the first ones fill caches and start threads
WINDOWS = 60  # that a sustained measurement is divided into, of a second at least
DECODERS: dict[str, Callable[..., Any]] = {"image": decoded_image, "audio": decoded_audio}

Raw = dict[str, Any]


def bench(
    path: str | os.PathLike[str],
    runs: int = 100,
    threads: int | None = None,
    delegate: str | None = None,
    minutes: float = 0.0,
    say: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """Milliseconds by stage as their median, 95th and 99th percentile, as plain data for JSON.

    The golden samples are the inputs, in turn. `load_ms` holds the import of the runtime, if this
    is the process's first file; `peak_mb` is the most memory until the last prediction. For
    `minutes` more it predicts without a pause, which shows what heat does. `say` hears what is
    being measured.
    """
    if runs < 1:
        raise ValueError(f"wanted at least one run, received {runs}")
    if not 0 <= minutes < 10_000:
        raise ValueError(f"wanted minutes from 0 on, received {minutes:g}")
    start = perf_counter()
    model = load(path, threads, delegate)
    load_ms = 1e3 * (perf_counter() - start)
    raws: list[Raw] = [dict(golden.raw) for golden in read_golden(model.file)]
    cold = state_of_board()
    say("predictions")
    stages = {"predict": _timed(lambda raw: model.predict(**raw), raws, runs)}
    peak_mb = peak_memory_mb()
    windows = list(_sustained(model, raws, minutes, say))
    warm = state_of_board()
    say("stages")
    stages |= _loading(model, raws, runs)
    stages["invoke"] = _timed(lambda _: model.graph.interpreter.invoke(), raws, runs)
    stages |= _pieces(model, raws, runs)
    return {
        "file": os.fspath(path),
        "precision": model.file.card.precision,
        "runtime": model.graph.runtime,
        "threads": model.graph.threads,
        "delegate": model.graph.delegate,
        "board": describe_board(),
        "runs": runs,
        "load_ms": load_ms,
        "peak_mb": peak_mb,
        "stages_ms": stages,
        "before": cold._asdict(),
        "after": warm._asdict(),
        "sustained": windows,
    }


def slower_by(windows: list[dict[str, Any]]) -> float:
    """How much longer a prediction took in the last window than in the first: 0.1 is 10 percent."""
    return windows[-1]["p50"] / windows[0]["p50"] - 1 if windows else 0.0


def _loading(model: Model, raws: list[Raw], runs: int) -> dict[str, dict[str, float]]:
    """Of each input, its decoding and what follows it, by the names that `verify` has for them."""
    stages = {}
    for name, spec in model.file.card.inputs.items():
        sources = [raw[name] for raw in raws if name in raw]
        if not sources:
            continue
        decode = DECODERS.get(spec.kind)
        if decode is not None:
            views = [view for raw in sources for view in _views(raw, spec)]
            stages[f"decode {name}"] = _timed(partial(decode, spec=spec), views, runs)
            spec = _of_one_view(spec)
            sources = [decode(view, spec) for view in views]
        loader = partial(load_input, spec=spec, tokenizer=model.tokenizer)
        stages[f"{LOADING[spec.kind]} {name}"] = _timed(loader, sources, runs)
    return stages


def _pieces(model: Model, raws: list[Raw], runs: int) -> dict[str, dict[str, float]]:
    """Of each branch and of the fusion, where the file can run in pieces."""
    if not model.file.card.branches_root:
        return {}
    branches = open_branches(model.file, model.graph.threads)
    feeds = [model.load_sample(**raw) for raw in raws]
    stages = {}
    for name in branches.names:
        arrays = [feed[name] for feed in feeds]
        stages[f"branch {name}"] = _timed(partial(branches.features, name), arrays, runs)
    features = [
        {k: v for name, array in feed.items() for k, v in branches.features(name, array).items()}
        for feed in feeds
    ]
    stages["fusion"] = _timed(branches.fuse, features, runs)
    return stages


def _sustained(
    model: Model, raws: list[Raw], minutes: float, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Windows of predictions without a pause: their times, and the machine at their ends."""
    length_s = max(60 * minutes / WINDOWS, 1.0)
    start, samples = perf_counter(), cycle(raws)
    while (passed_s := perf_counter() - start) < 60 * minutes:
        say(f"{passed_s / 60:.1f} of {minutes:g} minutes without a pause")
        end, times_ms = passed_s + length_s, []
        while (now := perf_counter()) - start < end:
            model.predict(**next(samples))
            times_ms.append(1e3 * (perf_counter() - now))
        state: State = state_of_board()
        yield {"second": perf_counter() - start, **_percentiles(times_ms), **state._asdict()}


def _views(raw: Any, spec: InputSpec) -> Any:
    return raw if getattr(spec, "views", 1) > 1 else [raw]


def _of_one_view(spec: InputSpec) -> InputSpec:
    return replace(spec, views=1) if isinstance(spec, ImageSpec) else spec


def _timed(call: Callable[[Any], Any], arguments: list[Any], runs: int) -> dict[str, float]:
    times_ms = []
    for argument in islice(cycle(arguments), WARM_UP + runs):
        start = perf_counter()
        call(argument)
        times_ms.append(1e3 * (perf_counter() - start))
    return _percentiles(times_ms[WARM_UP:])


def _percentiles(times_ms: list[float]) -> dict[str, float]:
    p50, p95, p99 = np.percentile(times_ms, [50, 95, 99])
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99)}
