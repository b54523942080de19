"""How a stream speaks: what of the graph's answers is said, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mmkeras_edge.outputs import OutputSpec
from mmkeras_edge.readings import Reading, Scores
from mmkeras_edge.streaming.feeding import log
from mmkeras_edge.streaming.smoothing import Alarm, Average, compared, held

FOREVER_S = float("inf")


@dataclass(frozen=True)
class Manner:
    """How a stream speaks: `smooth_s` is what answers are averaged over, `margin` by how much
    another label must lead to be said, `every_s` the least time between two answers, `tick_s` the
    longest: then the old answers are averaged once more. It ends after `for_s`. `still` is input to
    how little, on average of its numbers, counts as no change: 0, the very same. Raises ValueError
    for what can be no time, share or difference."""

    smooth_s: float = 0.0
    margin: float = 0.0
    every_s: float = 0.0
    tick_s: float = FOREVER_S
    for_s: float = FOREVER_S
    alarms: tuple[Alarm, ...] = ()
    still: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name, longest in LONGEST.items():
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 <= value <= longest:  # NaN too
                upper = "on" if longest > 1 else f"to {longest:g}"
                raise ValueError(f"{name}: wanted a number from 0 {upper}, received {value!r}")
        for alarm in self.alarms:
            if not isinstance(alarm, Alarm):
                raise ValueError(
                    f"alarms: wanted Alarm(output, label, on, off), received {alarm!r:.80}"
                )
        for name, least in (self.still or {}).items():
            if not isinstance(least, (int, float)) or not least >= 0:
                raise ValueError(f"still {name!r}: wanted a number from 0 on, received {least!r}")


# What a number of a manner may be at most; a day between two answers is no stream.
LONGEST = {
    "smooth_s": 86_400.0,
    "margin": 1.0,
    "every_s": 86_400.0,
    "tick_s": FOREVER_S,
    "for_s": FOREVER_S,
}


AS_IT_COMES = Manner()


class Said(NamedTuple):
    """Answers by output, the label of each that has one, and whether each alarm is on."""

    answers: dict[str, Reading]
    labels: dict[str, str]
    alarms: dict[str, bool]


class Speaker:
    """Turns what a graph gives into what a stream says, with the memory that this takes."""

    def __init__(self, outputs: Mapping[str, OutputSpec], manner: Manner):
        self._specs, self._manner = outputs, manner
        self._averages = {name: Average(manner.smooth_s) for name in outputs}
        self._labels: dict[str, str] = {}
        self._alarms = dict.fromkeys((alarm.name for alarm in manner.alarms), False)

    def say(self, outputs: Mapping[str, np.ndarray], now_s: float) -> Said:
        """Without outputs there is no answer; labels and alarms then wait for the next one."""
        if not outputs:
            return Said({}, {}, dict(self._alarms))
        answers = {
            name: spec.read(self._averages[name].add(outputs[name], now_s))
            for name, spec in self._specs.items()
        }
        for name, reading in answers.items():
            if isinstance(reading, Scores):
                self._labels[name] = self._label(name, reading)
        for alarm in self._manner.alarms:
            self._sound(alarm, _probability(answers[alarm.output], alarm.label))
        return Said(answers, dict(self._labels), dict(self._alarms))

    def _label(self, name: str, reading: Scores) -> str:
        margin = self._manner.margin
        if not margin:
            return reading.label
        return held(self._labels.get(name), compared(reading), margin)

    def _sound(self, alarm: Alarm, probability: float) -> None:
        was = self._alarms[alarm.name]
        self._alarms[alarm.name] = alarm.after(was, probability)
        if was != self._alarms[alarm.name]:
            log.info("%s is %s: %.2f", alarm.name, "off" if was else "on", probability)


def _probability(reading: Any, label: str) -> float:
    return float(reading.probabilities[reading.labels.index(label)])
