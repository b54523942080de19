"""A request's body to raw inputs by name. No string in it is ever taken for a path: what a loader
may open comes to it as bytes.

Multipart: a part an input, by the input's name; several of one name are the views of an image or
the frames of a film. JSON: {"inputs": {name: value}} with a string for a text, an object for a
table, base64 for the content of a file (a list of them for views and frames), and for a sensor also
{"values": [[...]], "rate_hz": 50} or {"values": ..., "times_s": ...}. What is left out, null or an
empty file is absent.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from mmkeras_edge.inputs import pick
from mmkeras_edge.serving.limits import MB, Limits, RefusedError
from mmkeras_edge.specs import InputSpec

WORDS = ("text", "table")  # kinds that are given as text, not as the content of a file
Specs = Mapping[str, InputSpec]
Contents = dict[str, list[tuple[bool, bytes]]]  # by part: was it a file, and what is in it


def read_sources(body: bytes, content_type: str, specs: Specs, limits: Limits) -> dict[str, Any]:
    """What `Model.predict` takes, of the inputs that the body holds.

    Raises RefusedError: 400 for a body that cannot be read, 413 for too much in it, 415 for one of
    another kind. Raises ValueError for an unknown input or a value of a wrong type.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(body, specs, limits)
    if kind == "multipart/form-data":
        parts = _parts(body, content_type, limits)
        sources = {name: _joined(name, parts[name], pick(specs, name, "input")) for name in parts}
        return {name: source for name, source in sources.items() if source is not None}
    raise RefusedError(
        415,
        "wanted multipart/form-data or application/json, received "
        + (f"{kind!r:.99}" if kind else "no Content-Type"),
    )


def _parts(body: bytes, content_type: str, limits: Limits) -> Contents:
    from python_multipart import FormParser
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import parse_options_header

    boundary = parse_options_header(content_type)[1].get(b"boundary")
    parts: Contents = {}

    def keep(name: bytes | None, is_file: bool, content: bytes) -> None:
        if sum(map(len, parts.values())) >= limits.parts:
            raise RefusedError(413, f"more than {limits.parts} parts")
        parts.setdefault((name or b"").decode(errors="replace"), []).append((is_file, content))

    try:
        parser = FormParser(
            "multipart/form-data",
            on_field=lambda field: keep(field.field_name, False, field.value or b""),
            on_file=lambda file: keep(file.field_name, True, _content(file)),
            boundary=boundary,
            config={"MAX_MEMORY_FILE_SIZE": (limits.body_mb + 1) * MB},  # never on a disk
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise RefusedError(400, f"the multipart body cannot be read: {error}") from error
    return parts


def _content(file: Any) -> bytes:
    file.file_object.seek(0)
    return file.file_object.read()


def _joined(name: str, contents: list[tuple[bool, bytes]], spec: InputSpec) -> Any:
    """The parts of one input to what its loader takes; None: absent."""
    contents = [(is_file, content) for is_file, content in contents if content or not is_file]
    if not contents:
        return None
    if spec.kind in WORDS:
        if len(contents) > 1:
            raise ValueError(f"input {name!r}: {len(contents)} parts, wanted one")
        try:
            return contents[0][1].decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"input {name!r}: wanted UTF-8, {error.reason}") from error
    if not all(is_file for is_file, _ in contents):
        raise ValueError(
            f"input {name!r} ({spec.kind}): wanted the content of a file, received a text; "
            f"with curl: -F {name}=@FILE"
        )
    return _one_or_all(name, [content for _, content in contents], spec)


def _one_or_all(name: str, contents: list[bytes], spec: InputSpec) -> bytes | list[bytes]:
    several = getattr(spec, "views", 1) > 1 or (spec.kind == "video" and len(contents) > 1)
    if len(contents) > 1 and not several:
        raise ValueError(f"input {name!r} ({spec.kind}): {len(contents)} files, wanted one")
    if not contents:
        raise ValueError(f"input {name!r} ({spec.kind}): an empty list; leave it out, or give null")
    return contents if several else contents[0]


def _from_json(body: bytes, specs: Specs, limits: Limits) -> dict[str, Any]:
    if body.count(b",") + body.count(b"[") + body.count(b"{") > limits.json_values:
        raise RefusedError(413, f"more than {limits.json_values:,} values in the JSON; send a file")
    try:
        found = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, f"the body is no JSON: {_reason(error)}") from error
    if not isinstance(found, dict) or not isinstance(found.get("inputs"), dict) or len(found) > 1:
        raise ValueError('wanted {"inputs": {NAME: value}} and nothing beside')
    given = {name: value for name, value in found["inputs"].items() if value is not None}
    return {name: _plain(name, given[name], pick(specs, name, "input")) for name in given}


def _reason(error: Exception) -> str:
    """In words that quote nothing of the body."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "no UTF-8"
    return "it holds NaN, Infinity or a number of thousands of digits; give null for a gap"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _plain(name: str, value: Any, spec: InputSpec) -> Any:
    if spec.kind == "text":
        return _typed(name, value, str, "a string")
    if spec.kind == "table":
        return _typed(name, value, dict, "an object of fields")
    if spec.kind == "sensor" and isinstance(value, dict):
        return _readings(name, value)
    if isinstance(value, list):
        return _one_or_all(name, [_decoded(name, each) for each in value], spec)
    return _one_or_all(name, [_decoded(name, value)], spec)


def _typed(name: str, value: Any, kind: type, wanted: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"input {name!r}: wanted {wanted}, received {type(value).__name__}")
    return value


def _decoded(name: str, value: Any) -> bytes:
    try:
        return base64.b64decode(
            _typed(name, value, str, "base64 of a file's content"), validate=True
        )
    except (binascii.Error, ValueError) as error:
        if str(error).startswith("input "):
            raise
        raise ValueError(
            f"input {name!r}: wanted base64 of a file's content; paths are not opened"
        ) from error


def _readings(name: str, value: Mapping[str, Any]) -> tuple[Any, Any]:
    """(values, rate_hz) or (times_s, values), as `load_sensor` takes them."""
    import numpy as np

    if set(value) not in ({"values", "rate_hz"}, {"values", "times_s"}):
        raise ValueError(
            f"input {name!r}: wanted values with rate_hz or times_s, received {sorted(value)}"
        )
    try:
        arrays = {key: np.array(value[key], np.float64) for key in value}
    except (TypeError, ValueError, OverflowError) as error:  # the last, of 309 digits and more
        raise ValueError(f"input {name!r}: wanted lists of numbers, alike in length") from error
    if "times_s" in value:
        return arrays["times_s"], arrays["values"]
    if arrays["rate_hz"].ndim:
        raise ValueError(f"input {name!r}: wanted one rate_hz, received a list")
    return arrays["values"], float(arrays["rate_hz"])
