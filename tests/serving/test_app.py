import base64
from dataclasses import replace

import jsonschema
import pytest

from mmkeras_edge.serving import Limits, Serving
from mmkeras_edge.serving.openapi import REFUSALS
from tests.serving.conftest import BOUNDARY, multipart


def test_multipart_and_json_answer_as_the_model_itself(server, models, png, wav):
    said = models[0].predict(image=png, text="abc", audio=wav)["label"].to_dict()
    parts = (("image", "a.png", png), ("text", None, b"abc"), ("audio", "a.wav", wav))
    encoded = {"image": base64.b64encode(png).decode(), "audio": base64.b64encode(wav).decode()}
    for answer in (server.upload(*parts), server.predict(text="abc", **encoded)):
        assert (answer.status, answer.json["absent"]) == (200, [])
        assert answer.json["outputs"] == {"label": said}
        assert answer.headers["content-type"] == "application/json"


def test_what_is_left_out_null_or_an_empty_file_is_absent(server, models, png):
    said = {"label": models[0].predict(image=png, text="abc")["label"].to_dict()}
    image, text = ("image", "a.png", png), ("text", None, b"abc")
    encoded = {"image": base64.b64encode(png).decode(), "text": "abc"}
    for answer in (
        server.upload(image, text),
        server.upload(image, text, ("audio", "", b"")),
        server.predict(**encoded),
        server.predict(**encoded, audio=None),
    ):
        assert (answer.json["absent"], answer.json["outputs"]) == (["audio"], said)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"imgae": "eA=="}, "unknown input 'imgae'; did you mean 'image'? choose from"),
        ({"text": 3}, "input 'text': wanted a string, received int"),
        (
            {"image": {"path": "x"}},
            "input 'image': wanted base64 of a file's content, received dict",
        ),
        ({"image": []}, "input 'image' (image): an empty list; leave it out, or give null"),
        ({"image": ["eA==", "eA=="]}, "input 'image' (image): 2 files, wanted one"),
        ({"image": "eA==", "text": ""}, "image: 1 bytes is no picture; wanted one of PNG"),
        ({"text": "abc"}, "input 'image' (image) is missing"),
        ({}, "every input is absent"),
    ],
)
def test_wrong_inputs_are_told_what_is_wanted(server, inputs, why):
    answer = server.predict(**inputs)
    assert answer.status == 422
    assert answer.why.startswith(why)


@pytest.mark.parametrize(
    ("body", "kind", "status", "why"),
    [
        (b"{", "application/json", 400, "the body is no JSON: Expecting"),
        (
            b'{"inputs": {"text": NaN}}',
            "application/json",
            400,
            "the body is no JSON: it holds NaN",
        ),
        (b"1" * 5_000, "application/json", 400, "the body is no JSON: it holds NaN, Infinity or a"),
        (b"\xff", "application/json", 400, "the body is no JSON: no UTF-8"),
        (b'{"text": "abc"}', "application/json", 422, 'wanted {"inputs": {NAME: value}}'),
        (b"[1]", "application/json", 422, 'wanted {"inputs": {NAME: value}}'),
        (b"x", "text/plain", 415, "wanted multipart/form-data or application/json, received"),
        (b"x", "", 415, "wanted multipart/form-data or application/json, received no Content-Type"),
        (b"x", "multipart/form-data", 400, "the multipart body cannot be read"),
        (b"x", "multipart/form-data; boundary=y", 400, "the multipart body cannot be read"),
    ],
)
def test_a_body_that_cannot_be_read_is_said(server, body, kind, status, why):
    answer = server.ask("POST", "/v1/predict", body, Content_Type=kind)
    assert answer.status == status
    assert answer.why.startswith(why)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/nothing", 404),
        ("GET", "/v1/predict", 405),
        ("GET", "/../../etc/passwd", 404),
        ("POST", "/v1/model", 405),
    ],
)
def test_addresses(server, method, path, status):
    answer = server.ask(method, path)
    assert answer.status == status
    assert answer.json["error"]["message"] if status >= 400 else answer.json == {"status": "ok"}


def test_the_card_tells_the_file_but_not_where_it_lies(server, models):
    card = server.ask("GET", "/v1/model").json
    assert card["file"] == "tiny.tflite"
    assert card["inputs"]["audio"]["rate_hz"] == 16_000
    assert card["sha256"] == models[0].file.card.sha256


def test_answers_are_what_the_schema_says(server, png):
    document = server.ask("GET", "/openapi.json").json
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    inputs = {"image": base64.b64encode(png).decode(), "text": "abc"}
    jsonschema.validate(inputs, schemas["Inputs"])
    jsonschema.validate(server.predict(**inputs).json, schemas["Answer"])
    jsonschema.validate(server.predict().json, schemas["Error"])
    with pytest.raises(jsonschema.ValidationError, match="'image' is a required property"):
        jsonschema.validate({"text": "abc"}, schemas["Inputs"])
    said = document["paths"]["/v1/predict"]["post"]["responses"]
    assert set(said) == {"200", *map(str, REFUSALS)}


def test_what_is_not_sure_is_named(models, png):
    file = models[0].file
    label = replace(file.card.outputs["label"], unsure_below=0.99)
    wary = replace(file, card=replace(file.card, outputs={"label": label}))
    serving = Serving([replace(models[0], file=wary)])
    parts = multipart(("image", "a.png", png), ("text", None, b"abc"))
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    assert serving.predict(parts, kind, serving.models[0])["unsure"] == ["label"]
    assert Serving(models).predict(parts, kind, models[0])["unsure"] == []


def test_metrics_count_requests_and_absent_inputs(serve, models, png):
    server = serve(Serving(models, Limits()))
    for _ in range(2):
        assert server.upload(("image", "a.png", png), ("text", None, b"abc")).status == 200
    server.ask("BREW", "/secret")
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    for line in (
        'mmkeras_requests_total{method="POST",route="/v1/predict",status="200"} 2.0',
        'mmkeras_requests_total{method="other",route="other",status="404"} 1.0',
        'mmkeras_absent_inputs_total{input="audio"} 2.0',
        "mmkeras_prediction_seconds_count 2.0",
        "mmkeras_pending_predictions 0.0",
        "mmkeras_workers 2.0",
    ):
        assert line in lines
    assert server.serving.bodies.held == 0


def test_a_fault_is_logged_without_what_it_says(serve, models):
    server = serve(Serving(models, Limits()))
    server.serving.workers.close()  # what is sent now finds nobody
    answer = server.predict(text="abc")
    assert (answer.status, answer.why) == (500, "something broke; see the log")
    line = server.line_of(answer)
    assert (line["event"], line["error"]) == ("fault", "RuntimeError")
    assert "workers.py" in line["frames"][-2]
    assert "cannot schedule" not in server.log.getvalue()
