"""What one server does at most, and how it says no."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from mmkeras_edge.inputs import pick

MB = 1_000_000  # bytes, and pixels of a megapixel


@dataclass(frozen=True)
class Limits:
    """What one server does at most. Whole numbers above 0; `queued` may be 0."""

    body_mb: int = 16  # of one request as it is sent; base64 is a third longer than its content
    held_mb: int = 64  # bodies of all requests that are read, wait or run
    parts: int = 64  # of a multipart body
    json_values: int = 100_000  # a short body of many small values grows twentyfold in memory
    image_mp: int = 24  # megapixels of one picture
    film_mp: int = 2_000  # of all frames of a film: 16 s of 1080p at 60 Hz
    audio_s: int = 600
    text_chars: int = 10_000
    head_s: int = 10  # until a request's line and headers are there
    upload_s: int = 30  # until the body is there
    answer_s: int = 30  # from then on, the queue included
    stuck_s: int = 120  # a prediction that takes longer than this makes the server unhealthy
    queued: int = 32  # predictions that wait; more are told to come back
    connections: int = 128

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, least = getattr(self, field.name), int(field.name != "queued")
            if not isinstance(value, int) or value < least:
                raise ValueError(
                    f"limit {field.name}: wanted a whole number from {least} on, received {value!r}"
                )


def limits_from(settings: Iterable[str]) -> Limits:
    """The defaults but for settings like "body_mb=4".

    Raises ValueError for an unknown name and for what is no whole number.
    """
    known = {field.name: field for field in dataclasses.fields(Limits)}
    chosen = {}
    for setting in settings:
        name, _, value = setting.partition("=")
        pick(known, name, "limit")
        if not value.isdecimal():
            raise ValueError(f"limit {name}: wanted {name}=WHOLE-NUMBER, received {setting!r}")
        chosen[name] = int(value)
    return Limits(**chosen)


class RefusedError(Exception):
    """A request that is not served: the HTTP status, why, and headers that go with it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers or {}
