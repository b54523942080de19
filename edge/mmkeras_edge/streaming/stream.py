"""Answers from live sources: what changed runs, what died is absent, what comes back is back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras_edge.branches import Branches, Features, open_branches
from mmkeras_edge.file import ModelFile, open_file
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_input, pick
from mmkeras_edge.readings import Reading, Scores
from mmkeras_edge.runner import EXPORTED_ON, model_of
from mmkeras_edge.runtimes import find_runtime
from mmkeras_edge.specs import presence_name
from mmkeras_edge.streaming.feeding import Feeder, log
from mmkeras_edge.streaming.smoothing import Alarm, Average, compared, held
from mmkeras_edge.streaming.source import source_of
from mmkeras_edge.text import read_tokenizer

LOOK_S = 0.1  # after which health is looked at again where no value comes
NO_SOURCE = "no source"


@dataclass(frozen=True, eq=False)
class Moment:
    """What a stream says once something changed.

    `answers` are smoothed, and empty while nothing can be said; `said` is the label of each output
    that has one, after hysteresis; `alarms` whether each is on. `absent` is input to reason,
    `ran_ms` what ran for this moment and how long it took, "fusion" too, and `took_ms` all of it,
    with the loading of what was new; `inputs` are the raw values that were looked at. `time_s`
    counts from the start of the stream.
    """

    time_s: float
    answers: Mapping[str, Reading]
    said: Mapping[str, str]
    alarms: Mapping[str, bool]
    absent: Mapping[str, str]
    ran_ms: Mapping[str, float]
    took_ms: float
    inputs: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the inputs."""
        return {
            "time_s": round(self.time_s, 3),
            "outputs": {name: reading.to_dict() for name, reading in self.answers.items()},
            "unsure": [name for name, reading in self.answers.items() if not reading.sure],
            "said": dict(self.said),
            "alarms": dict(self.alarms),
            "absent": dict(self.absent),
            "ran_ms": {name: round(ms, 3) for name, ms in self.ran_ms.items()},
            "took_ms": round(self.took_ms, 3),
        }


@dataclass(frozen=True)
class Manner:
    """How a stream speaks: `smooth_s` is what answers are averaged over, `margin` by how much
    another label must lead to be said, `every_s` the least time between two answers, `tick_s` the
    longest: then the old answers are averaged once more. It ends after `for_s`. `still` is input to
    how little, on average of its numbers, counts as no change: 0, the very same."""

    smooth_s: float = 0.0
    margin: float = 0.0
    every_s: float = 0.0
    tick_s: float = float("inf")
    for_s: float = float("inf")
    alarms: tuple[Alarm, ...] = ()
    still: Mapping[str, float] | None = None


class Stream:
    """Iterates over `Moment`s; `close`, or leaving its `with` block, stops the sources.

    A source that fails is absent and tried again; a required input that is absent silences the
    stream until it is back. It ends when all sources have ended, or its time has.
    """

    def __init__(
        self,
        file: ModelFile,
        sources: Mapping[str, Any],
        manner: Manner = Manner(),
        threads: int | None = None,
    ):
        card = file.card
        _check(file, sources, manner)
        given = {name: source_of(pick(sources, name, "source")) for name in sources}
        self.file, self.manner = file, manner
        self.engine = _engine(file, threads)
        self.tokenizer = read_tokenizer(file.tokenizer_json) if file.tokenizer_json else None
        self._changed = threading.Condition()
        self._inputs = {name: _Input(name) for name in card.inputs}
        self._averages = {name: Average(manner.smooth_s) for name in card.outputs}
        self._said: dict[str, str] = {}
        self._alarms = dict.fromkeys((alarm.name for alarm in manner.alarms), False)
        self._begin_s = self._last_s = time.monotonic()
        self._outputs: dict[str, np.ndarray] = {}
        self.feeders = {
            name: Feeder(name, card.inputs[name], source, self._changed)
            for name, source in given.items()
        }

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def close(self) -> None:
        for feeder in self.feeders.values():
            feeder.close()

    def __iter__(self) -> Iterator[Moment]:
        try:
            while time.monotonic() - self._begin_s < self.manner.for_s:
                ready, ended = self._wait()
                moment = self._step(ready)
                if moment is not None:
                    yield moment
                elif ended:
                    return
        finally:
            self.close()

    def _wait(self) -> tuple[bool, bool]:
        """Until there is something to look at, or health is due; whether there is, and whether all
        is over."""
        due_s = min(self._last_s + self.manner.every_s, self._begin_s + self.manner.for_s)
        rest_s = due_s - time.monotonic()
        if rest_s > 0:
            time.sleep(rest_s)
        with self._changed:
            ready = self._changed.wait_for(self._ready, LOOK_S)
            return ready, all(f.ended and not f.fresh for f in self.feeders.values())

    def _ready(self) -> bool:
        """Sources that wait for the model are taken together: a step has one value of each."""
        feeders = self.feeders.values()
        waiting = [f for f in feeders if not (f.source.paced or f.ended or f.failure)]
        fresh = any(f.fresh for f in feeders)
        return all(f.fresh for f in waiting) and (fresh or all(f.ended for f in feeders))

    def _step(self, ready: bool) -> Moment | None:
        now_s = time.monotonic()
        with self._changed:
            looks = {name: self._look(name, now_s, ready) for name in self._inputs}
        changed = [name for name, look in looks.items() if self._update(name, *look)]
        ran_ms: dict[str, float] = {}
        if not changed:
            if now_s - self._last_s < self.manner.tick_s:
                return None
        elif self._speaks():
            features: Features = {}
            for name in self._inputs:
                features |= self._features(name, ran_ms)
            self._outputs = _timed(ran_ms, "fusion", lambda: self.engine.fuse(features))
        else:
            self._outputs = {}
        self._last_s = now_s
        return self._moment(now_s, ran_ms)

    def _look(self, name: str, now_s: float, ready: bool) -> tuple[str | None, Any]:
        feeder = self.feeders.get(name)
        return (NO_SOURCE, None) if feeder is None else feeder.look(now_s, ready)

    def _update(self, name: str, fault: str | None, raw: Any) -> bool:
        """Whether what the model sees of an input is other than before."""
        now, spec = self._inputs[name], self.file.card.inputs[name]
        if fault is None and raw is not None:
            try:
                array = load_input(raw, spec, self.tokenizer)
            except (ValueError, OSError, ImportError) as error:
                fault = " ".join(str(error).split())
                if now.absent != fault:
                    log.warning("%s: cannot be read: %s", name, fault)
            else:
                back = now.absent is not None
                now.absent, now.raw = None, raw
                if back or not _same(now.array, array, (self.manner.still or {}).get(name, 0.0)):
                    now.array, now.features = array, None
                    return True
                return False
        if fault is None or fault == now.absent:
            return False
        first, now.absent, now.raw = now.absent, fault, None
        return first is None or not self._outputs  # one reason after another changes no answer

    def _speaks(self) -> bool:
        absent = [name for name, now in self._inputs.items() if now.absent is not None]
        needed = [name for name in absent if name not in self.file.card.optional]
        return not needed and len(absent) < len(self._inputs)

    def _features(self, name: str, ran_ms: dict[str, float]) -> Features:
        """What an input brings to the fusion; its branch runs only if it changed."""
        now, card = self._inputs[name], self.file.card
        there = now.absent is None
        if there and now.features is None:
            assert now.array is not None
            seen = now.array
            now.features = _timed(ran_ms, name, lambda: self.engine.features(name, seen))
        if not there and now.missing is None:  # what the model was trained to see: zeros, absent
            spec = card.inputs[name]
            now.missing = self.engine.features(name, np.zeros(spec.shape, spec.dtype))
        found = now.features if there else now.missing
        assert found is not None
        if name in card.optional:
            flag = self.engine.features(presence_name(name), np.array(there))
            return {**found, **flag}
        return found

    def _moment(self, now_s: float, ran_ms: Mapping[str, float]) -> Moment:
        answers = {}
        for name, spec in self.file.card.outputs.items() if self._outputs else ():
            answers[name] = spec.read(self._averages[name].add(self._outputs[name], now_s))
        for name, reading in answers.items():
            if isinstance(reading, Scores):
                margin, before = self.manner.margin, self._said.get(name)
                self._said[name] = (
                    held(before, compared(reading), margin) if margin else reading.label
                )
        for alarm in self.manner.alarms if answers else ():
            probability = _probability(answers[alarm.output], alarm.label)
            was = self._alarms[alarm.name]
            self._alarms[alarm.name] = alarm.after(was, probability)
            if was != self._alarms[alarm.name]:
                log.info("%s is %s: %.2f", alarm.name, "off" if was else "on", probability)
        return Moment(
            time_s=now_s - self._begin_s,
            answers=answers,
            said=dict(self._said) if answers else {},
            alarms=dict(self._alarms),
            absent={n: now.absent for n, now in self._inputs.items() if now.absent is not None},
            ran_ms=dict(ran_ms),
            took_ms=1e3 * (time.monotonic() - now_s),
            inputs={n: now.raw for n, now in self._inputs.items() if now.absent is None},
        )


class _Input:
    """What the model last saw of an input."""

    def __init__(self, name: str):
        self.name = name
        self.absent: str | None = ""  # before the first look, for no reason
        self.raw: Any = None
        self.array: np.ndarray | None = None
        self.features: Features | None = None
        self.missing: Features | None = None


class Whole:
    """A model without pieces, seen as if its fusion took the inputs themselves."""

    names: tuple[str, ...] = ()

    def __init__(self, graph: Graph):
        self._graph = graph

    def features(self, name: str, array: np.ndarray) -> Features:
        return {name: array}

    def fuse(self, features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._graph.run(features)


Engine = Branches | Whole


def _engine(file: ModelFile, threads: int | None) -> Engine:
    """Of a file in pieces the whole is opened where its runtime must be checked, and let go."""
    if not file.card.branches_root:
        return Whole(model_of(file, threads).graph)
    if find_runtime().name != EXPORTED_ON:
        model_of(file, threads)
    return open_branches(file, threads)


def stream(
    file: str | os.PathLike[str],
    sources: Mapping[str, Any],
    *,
    smooth_s: float = 0.0,
    margin: float = 0.0,
    every_s: float = 0.0,
    tick_s: float = float("inf"),
    for_s: float = float("inf"),
    alarms: Iterable[Alarm] = (),
    still: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> Stream:
    """Live answers of an exported file: `for moment in stream("stamps.tflite", {...}): ...`

    `sources` are by input: one of `mmkeras_edge.streaming`'s (`camera()`, `microphone()`,
    `lines()`, `readings(path, spec)`, `film(path)`, `sound(path)`), any iterable at its own rate,
    or a function that makes one, which is called again after a fault. `smooth_s` averages answers
    over time, a label is said once it leads by `margin`, `alarms` have two thresholds; without any
    change there is a moment each `tick_s`, by default none, and after `for_s` it ends, also where
    nothing was said. With `still={"image": 2.0}` a picture may change by so many grey levels on
    average before its branch runs again. Raises ValueError for unknown names and for a required
    input without a source.
    """
    manner = Manner(smooth_s, margin, every_s, tick_s, for_s, tuple(alarms), still)
    return Stream(open_file(file), sources, manner, threads)


def _check(file: ModelFile, sources: Mapping[str, Any], manner: Manner) -> None:
    card = file.card
    for name in (*sources, *(manner.still or {})):
        pick(card.inputs, name, "input")
    missing = [n for n in card.inputs if n not in sources and n not in card.optional]
    if missing or not sources:
        wanted = ", ".join(missing or card.inputs)
        raise ValueError(f"no source for {wanted}; this model cannot answer without")
    for alarm in manner.alarms:
        labels = getattr(pick(card.outputs, alarm.output, "output"), "labels", ())
        pick(dict.fromkeys(labels), alarm.label, f"label of {alarm.output!r}:")


def _same(before: np.ndarray | None, array: np.ndarray, still: float) -> bool:
    """Against what the branch last ran on, so that a slow drift is not missed."""
    if before is None:
        return False
    if np.array_equal(before, array, equal_nan=array.dtype.kind == "f"):
        return True
    return bool(still and np.abs(array.astype(np.float32) - before).mean() <= still)


def _probability(reading: Any, label: str) -> float:
    return float(reading.probabilities[reading.labels.index(label)])


def _timed(into: dict[str, float], name: str, call: Any) -> Any:
    begin = time.perf_counter()
    found = call()
    into[name] = 1e3 * (time.perf_counter() - begin)
    return found
