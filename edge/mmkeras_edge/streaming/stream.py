"""Answers from live sources: what changed runs, what died is absent, what comes back is back."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mmkeras_edge.branches import Features
from mmkeras_edge.file import ModelFile, open_file
from mmkeras_edge.inputs import pick
from mmkeras_edge.streaming.engine import Seen, open_engine, timed
from mmkeras_edge.streaming.feeding import Feeder
from mmkeras_edge.streaming.manner import AS_IT_COMES, FOREVER_S, Manner, Speaker
from mmkeras_edge.streaming.moment import Moment
from mmkeras_edge.streaming.smoothing import Alarm
from mmkeras_edge.streaming.source import source_of
from mmkeras_edge.text import read_tokenizer

LOOK_S = 0.1  # after which health is looked at again where no value comes
NO_SOURCE = "no source"


class Stream:
    """Iterates over `Moment`s; `close`, or leaving its `with` block, stops the sources.

    A source that fails is absent and tried again; a required input that is absent silences the
    stream until it is back. It ends when all sources have ended, or its time has.
    """

    def __init__(
        self,
        file: ModelFile,
        sources: Mapping[str, Any],
        manner: Manner = AS_IT_COMES,
        threads: int | None = None,
    ):
        card = file.card
        if not isinstance(sources, Mapping):
            raise ValueError(
                f"wanted a dict of sources by input, received {type(sources).__name__}"
            )
        sources = {name: given for name, given in sources.items() if given is not None}
        _check(file, sources, manner)
        given = {name: source_of(pick(sources, name, "source")) for name in sources}
        self.file, self.manner = file, manner
        self.engine = open_engine(file, threads)
        self.tokenizer = read_tokenizer(file.tokenizer_json) if file.tokenizer_json else None
        self._changed = threading.Condition()
        still = manner.still or {}
        self._seen = {
            name: Seen(name, spec, name in card.optional, still.get(name, 0.0))
            for name, spec in card.inputs.items()
        }
        self._speaker = Speaker(card.outputs, manner)
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
                if ended:
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
            looks = {name: self._look(name, now_s, ready) for name in self._seen}
        silent = not self._outputs
        changed = [
            name
            for name, (fault, raw) in looks.items()
            if self._seen[name].update(fault, raw, self.tokenizer, silent)
        ]
        ran_ms: dict[str, float] = {}
        if not changed:
            if now_s - self._last_s < self.manner.tick_s:
                return None
        elif self._speaks():
            features: Features = {}
            for seen in self._seen.values():
                features |= seen.features(self.engine, ran_ms)
            self._outputs = timed(ran_ms, "fusion", lambda: self.engine.fuse(features))
        else:
            self._outputs = {}
        self._last_s = now_s
        return self._moment(now_s, ran_ms)

    def _look(self, name: str, now_s: float, ready: bool) -> tuple[str | None, Any]:
        feeder = self.feeders.get(name)
        return (NO_SOURCE, None) if feeder is None else feeder.look(now_s, ready)

    def _speaks(self) -> bool:
        absent = [seen for seen in self._seen.values() if seen.absent is not None]
        return len(absent) < len(self._seen) and all(seen.optional for seen in absent)

    def _moment(self, now_s: float, ran_ms: Mapping[str, float]) -> Moment:
        said, seen = self._speaker.say(self._outputs, now_s), self._seen
        return Moment(
            time_s=now_s - self._begin_s,
            answers=said.answers,
            said=said.labels,
            alarms=said.alarms,
            absent={n: now.absent for n, now in seen.items() if now.absent is not None},
            ran_ms=dict(ran_ms),
            took_ms=1e3 * (time.monotonic() - now_s),
            inputs={n: now.raw for n, now in seen.items() if now.absent is None},
        )


def stream(
    file: str | os.PathLike[str],
    sources: Mapping[str, Any],
    *,
    smooth_s: float = 0.0,
    margin: float = 0.0,
    every_s: float = 0.0,
    tick_s: float = FOREVER_S,
    for_s: float = FOREVER_S,
    alarms: Iterable[Alarm] = (),
    still: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> Stream:
    """Live answers of an exported file: `for moment in stream("stamps.tflite", {...}): ...`

    `sources` are by input: one of `mmkeras_edge.streaming`'s (`camera()`, `microphone()`,
    `lines()`, `readings(path, spec)`, `film(path)`, `sound(path)`), any iterable at its own rate,
    or a function that makes one, which is called again after a fault; None is as if it was left
    out.

    `smooth_s` averages answers over time, a label is said once it leads by `margin`, `alarms` have
    two thresholds; without any change there is a moment each `tick_s`, by default none, and after
    `for_s` it ends, also where nothing was said. With `still={"image": 2.0}` a picture may change
    by so many grey levels on average before its branch runs again.

    Raises ValueError for unknown names, for what can be no time or share, and for a required input
    without a source.
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
