"""Live inputs: sources at their own rates, faults that become absence, answers as they change."""

from mmkeras_edge.streaming.devices import camera, microphone
from mmkeras_edge.streaming.health import Limits
from mmkeras_edge.streaming.moment import Moment
from mmkeras_edge.streaming.naming import named_source
from mmkeras_edge.streaming.recorder import Recorder
from mmkeras_edge.streaming.recordings import film, lines, picture, readings, sound
from mmkeras_edge.streaming.smoothing import Alarm
from mmkeras_edge.streaming.source import Source, source_of
from mmkeras_edge.streaming.stream import Stream, stream

__all__ = [
    "Alarm",
    "Limits",
    "Moment",
    "Recorder",
    "Source",
    "Stream",
    "camera",
    "film",
    "lines",
    "microphone",
    "named_source",
    "picture",
    "readings",
    "sound",
    "source_of",
    "stream",
]
