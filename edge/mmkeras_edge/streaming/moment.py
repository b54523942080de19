"""One answer of a stream, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmkeras_edge.readings import Reading


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
