"""The server's interface as OpenAPI 3.1, made from the card: the names are this file's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmkeras_edge.card import Card
from mmkeras_edge.outputs import OutputSpec
from mmkeras_edge.serving.limits import Limits
from mmkeras_edge.specs import InputSpec, TableSpec

Schema = dict[str, Any]

PROBABILITY: Schema = {"type": "number", "minimum": 0, "maximum": 1}
FILE: Schema = {"type": "string", "format": "binary"}
NUMBERS: Schema = {"type": "array", "items": {"type": ["number", "null", "array"]}}
FORMATS = {  # what a file of a kind may be
    "image": "PNG, JPEG, GIF, BMP, PPM, WebP or TIFF",
    "audio": "WAV, FLAC, OGG or MP3",
    "sensor": "CSV or .npy",
    "video": "animated GIF, WebP or PNG, .npy, or a film where PyAV is installed",
}
REFUSALS = {
    400: "the body cannot be read",
    401: "a token is wanted",
    403: "a page of another site asked",
    408: "the body came too slowly",
    413: "more than a limit allows",
    415: "neither multipart/form-data nor application/json",
    421: "asked under another name than this machine's",
    422: "the model does not take these inputs; the message says why",
    429: "too much at once; Retry-After says when to come back",
    503: "more connections than are served",
    504: "no answer within the time limit",
}


def describe(card: Card, limits: Limits) -> Schema:
    """The whole document, as plain data."""
    said = ", ".join(f"{name} {value}" for name, value in vars(limits).items())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mmkeras-edge",
            "version": str(card.format_version),
            "description": f"Predictions of one exported file. Limits: {said}.",
        },
        "security": [{}, {"token": []}],
        "paths": {
            "/v1/predict": {"post": _predict(card)},
            "/v1/model": _get("the card of the file, and what runs it"),
            "/healthz": _get("200, or 503 once a prediction hangs"),
            "/readyz": _get("200, or 503 while no further prediction is taken"),
            "/metrics": _get("counters for Prometheus", "text/plain"),
        },
        "components": {
            "schemas": {"Inputs": _inputs(card), "Answer": _answer(card), "Error": ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


ERROR: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "request_id"],
            "properties": {"message": {"type": "string"}, "request_id": {"type": "string"}},
        }
    },
}


def _get(summary: str, kind: str = "application/json") -> Schema:
    return {"get": {"summary": summary, "responses": {"200": _says(summary, {}, kind)}}}


def _says(description: str, schema: Schema, kind: str = "application/json") -> Schema:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _predict(card: Card) -> Schema:
    refusals = {
        str(status): _says(reason, {"$ref": "#/components/schemas/Error"})
        for status, reason in REFUSALS.items()
    }
    return {
        "summary": "answers one sample; what is left out is absent",
        "operationId": "predict",
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _parts(card)},
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["inputs"],
                        "additionalProperties": False,
                        "properties": {"inputs": {"$ref": "#/components/schemas/Inputs"}},
                    }
                },
            },
        },
        "responses": {
            "200": _says("the answer", {"$ref": "#/components/schemas/Answer"}),
            **refusals,
        },
    }


def _object(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": dict(properties),
    }


def _required(card: Card) -> list[str]:
    return [name for name in card.inputs if name not in card.optional]


def _parts(card: Card) -> Schema:
    return _object({n: _part(spec) for n, spec in card.inputs.items()}, _required(card))


def _part(spec: InputSpec) -> Schema:
    if spec.kind == "text":
        return _text(spec)
    if spec.kind == "table":
        return {"type": "string", "description": "the fields as a JSON object"}
    views = getattr(spec, "views", 1)
    about = {**FILE, "description": FORMATS[spec.kind]}
    return {"type": "array", "items": about, **_count(views)} if views > 1 else about


def _count(views: int) -> Schema:
    return {"minItems": views, "maxItems": views}


def _inputs(card: Card) -> Schema:
    properties = {}
    for name, spec in card.inputs.items():
        schema = _value(spec)
        properties[name] = (
            {"anyOf": [schema, {"type": "null"}]} if name in card.optional else schema
        )
    return _object(properties, _required(card))


def _value(spec: InputSpec) -> Schema:
    if spec.kind == "text":
        return _text(spec)
    if isinstance(spec, TableSpec):
        fields: Schema = {name: {"type": ["number", "string", "null"]} for name in spec.fields}
        for name, values in spec.categories.items():
            fields[name] = {"type": ["string", "number", "null"], "examples": list(values)[:3]}
        return _object(fields, [])
    file: Schema = {
        "type": "string",
        "contentEncoding": "base64",
        "description": FORMATS[spec.kind],
    }
    views = getattr(spec, "views", 1)
    if views > 1:
        return {"type": "array", "items": file, **_count(views)}
    if spec.kind == "video":
        return {"anyOf": [file, {"type": "array", "items": file}]}
    if spec.kind == "sensor":
        rated = _object({"values": NUMBERS, "rate_hz": {"type": "number"}}, ["values", "rate_hz"])
        timed = _object({"values": NUMBERS, "times_s": NUMBERS}, ["values", "times_s"])
        return {"anyOf": [file, rated, timed]}
    return file


def _text(spec: InputSpec) -> Schema:
    return {"type": "string", "maxLength": getattr(spec, "limit_chars", None)}


def _answer(card: Card) -> Schema:
    return _object(
        {
            "request_id": {"type": "string"},
            "outputs": _object({n: _output(s) for n, s in card.outputs.items()}, [*card.outputs]),
            "unsure": {
                "type": "array",
                "items": {"enum": [*card.outputs]},
                "description": "outputs that should not be acted on",
            },
            "absent": {"type": "array", "items": {"enum": [*card.inputs]}},
            "milliseconds": {"type": "number", "description": "without the queue and the network"},
        },
        ["request_id", "outputs", "unsure", "absent", "milliseconds"],
    )


def _output(spec: OutputSpec) -> Schema:
    """What `Reading.to_dict` gives: probabilities by label, chosen labels, or a number."""
    labels = list(getattr(spec, "labels", ()))
    each = _object(dict.fromkeys(labels, PROBABILITY), labels)
    if spec.kind == "multilabel":
        chosen = {"type": "array", "items": {"enum": labels}}
        return _object({"labels": chosen, "probabilities": each}, ["labels", "probabilities"])
    if labels:
        return each
    number: Schema = {"value": {"type": "number"}, "unit": {"type": "string"}}
    if spec.kind in ("gaussian", "quantiles"):
        quantiles = {"type": "object", "additionalProperties": {"type": "number"}}
        return _object({**number, "quantiles": quantiles}, ["value", "unit", "quantiles"])
    return _object(number, ["value", "unit"])
