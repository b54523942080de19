import json

import pytest

from mmkeras_edge.serving import Limits, Serving

TOKEN = "correct-horse-battery"
SECRET = "Zaphod Beeblebrox"


@pytest.fixture(scope="module")
def locked(models):
    from tests.serving.conftest import running

    with running(Serving(models, Limits(), TOKEN)) as server:
        yield server


@pytest.mark.parametrize("path", ["/v1/model", "/openapi.json", "/metrics", "/nothing"])
@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer ", 401),
        ("Bearer correct-horse-batterx", 401),
        ("Basic correct-horse-battery", 401),
        ("Bearer correct-horse-batter\xff", 401),
        ("bearer correct-horse-battery", 200),
    ],
)
def test_without_the_token_nothing_is_told(locked, path, authorization, status):
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = locked.ask("GET", path, **headers)
    assert answer.status == (404 if (path, status) == ("/nothing", 200) else status)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_prediction_wants_the_token_before_its_body(locked):
    head = b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with locked.raw(head) as connection:
        assert connection.recv(12) == b"HTTP/1.1 401"


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz"])
def test_the_page_and_the_state_need_no_token(locked, path):
    assert locked.ask("GET", path).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:80"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Host": "[::1"}, 421),
        ({"Host": "localhost:80", "Origin": "http://localhost:80"}, 200),
        ({"Host": "localhost:80", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost:80", "Origin": "null"}, 403),
        ({"Host": "localhost:80", "Origin": "http://["}, 403),
    ],
)
def test_pages_of_other_sites_may_not_ask_a_server_without_a_token(server, headers, status):
    assert server.ask("GET", "/v1/model", **headers).status == status


@pytest.mark.parametrize("path", ["/", "/v1/model", "/nothing"])
def test_browsers_are_told_to_trust_nothing(server, path):
    headers = server.ask("GET", path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(
    ("given", "kept"), [("job-7.a_b", True), ("a b", False), ("x" * 65, False)]
)
def test_a_request_keeps_its_number_if_it_is_one(server, given, kept):
    answer = server.ask("GET", "/nothing", X_Request_ID=given)
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json["error"]["request_id"] == answer.headers["x-request-id"]
    assert server.line_of(answer)["status"] == 404


def test_logs_are_json_lines_that_hold_nothing_of_what_was_sent(server, png):
    path = f"/{SECRET.replace(' ', '%20')}?q={SECRET.split()[0]}"
    answers = [
        server.upload(("image", f"{SECRET}.png", png), ("text", None, SECRET.encode())),
        server.upload(("image", "a.png", SECRET.encode()), ("text", None, SECRET.encode())),
        server.predict(**{SECRET: SECRET}),
        server.ask("GET", path, Authorization=SECRET, X_Request_ID=SECRET, User_Agent=SECRET),
    ]
    lines = [server.line_of(answer) for answer in answers]
    assert [line["status"] for line in lines] == [200, 422, 422, 404]
    assert set(lines[-1]) == {
        *("time", "level", "event", "request_id", "method", "route", "status", "milliseconds")
    }
    assert not any(word in json.dumps(server.logged()) for word in SECRET.split())
