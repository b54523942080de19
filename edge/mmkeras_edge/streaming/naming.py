"""Sources by what a person types: `camera`, `mic:1`, `film.mp4`, `-`, `text:A small cat.`"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mmkeras_edge.specs import AudioSpec, InputSpec, SensorSpec, TableSpec, TextSpec
from mmkeras_edge.streaming.devices import camera, microphone
from mmkeras_edge.streaming.recordings import PICTURES, film, lines, picture, readings, sound
from mmkeras_edge.streaming.source import Source

WAYS = {  # kind of input -> what may stand for a source of it
    "image": "camera, camera:1, camera:/dev/video2, a picture, a film or a folder",
    "video": "camera, camera:1, camera:/dev/video2, a film or a folder",
    "audio": "mic, mic:1, or a sound file",
    "sensor": "a CSV or .npy file",
    "text": "- (standard input, a line a text), a file of lines, or text:WORDS",
    "table": "- or a file, a JSON record a line, or json:RECORD",
}


def named_source(named: str, spec: InputSpec, fast: bool = False, loop: bool = False) -> Source:
    """The source that a person means for an input of that spec; files play `fast` or in real time,
    once or in a `loop`. Raises what the source itself raises: for a file that is not there, or a
    device whose library is missing."""
    kind, _, rest = named.partition(":")
    if isinstance(spec, AudioSpec):
        if kind == "mic":
            return microphone(_device(rest) if rest else None, spec.rate_hz)
        return sound(named, fast, loop)
    if isinstance(spec, SensorSpec):
        return readings(named, spec, fast, loop)
    if isinstance(spec, TextSpec):
        return _constant(rest, named) if kind == "text" else lines(named, None if fast else 1.0)
    if isinstance(spec, TableSpec):
        if kind == "json":
            return _constant(_record(rest), named)
        texts = lines(named, None if fast else 1.0)
        return replace(texts, open=lambda: _records(texts))
    if kind == "camera":
        return camera(_device(rest) if rest else 0)
    if spec.kind == "image" and named.lower().endswith(PICTURES):
        return picture(named)
    return film(named, fast, loop)


def _device(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _constant(value: Any, about: str) -> Source:
    return Source(lambda: iter([value]), about)


def _records(texts: Source) -> Iterator[Any]:
    return (_record(line) if line.strip() else None for line in texts.open())


def _record(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"wanted a JSON record, received {text!r}: {error}") from error
