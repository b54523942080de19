import asyncio
import base64
import io
import re
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras_edge.serving import Limits, Serving
from mmkeras_edge.serving.limits import limits_from
from tests.serving.conftest import PATIENCE_S, multipart, running, until

HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def content_of(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A picture of 8 x 8 whose head says otherwise."""
    png = bytearray(content_of(Image.new("L", (8, 8)), "PNG"))
    png[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    return bytes(png)


def status_of(connection) -> bytes:
    with connection:
        return connection.recv(12)[9:]


def test_a_body_that_says_it_is_too_long_is_not_read(server):
    answer = server.ask("POST", "/v1/predict", b"", Content_Length="1000001")
    assert (answer.status, answer.why) == (413, "the body is longer than 1 MB; send less")


@pytest.mark.parametrize("megabytes", [2, 20])
def test_a_body_in_chunks_is_counted(server, megabytes):
    chunks = (b"x" * 100_000 for _ in range(10 * megabytes))
    answer = server.ask("POST", "/v1/predict", chunks, Content_Type="application/json")
    assert (answer.status, answer.why) == (413, "the body is longer than 1 MB; send less")
    assert server.serving.bodies.held == 0


@pytest.mark.parametrize("length", [b"-1", b"x", b"5, 6", b"5\r\nContent-Length: 6"])
def test_a_length_that_is_none_is_refused(server, length):
    connection = server.raw(HEAD + b"Content-Length: " + length + b"\r\n\r\n{}")
    assert status_of(connection) == b"400"


def test_a_body_longer_than_it_said_is_cut_there(server):
    """What follows is taken for the next request, and is none."""
    head = HEAD + b"Content-Length: 2\r\n\r\n{}xxx\r\n\r\n"
    with server.raw(head) as connection:
        said = b""
        while piece := connection.recv(4_096):
            said += piece
    assert said.startswith(b"HTTP/1.1 422")
    assert said.count(b"HTTP/1.1") == 2
    assert b"HTTP/1.1 400" in said


@pytest.fixture(scope="module")
def hasty(models):
    """A server that waits for a second, for a head and for a body."""
    with running(Serving(models, Limits(upload_s=1, head_s=1))) as it:
        yield it


def test_a_body_that_comes_too_slowly_is_given_up(hasty):
    """All but its last byte is there; a second later it has still not come."""
    connection = hasty.raw(HEAD + b"Content-Length: 3\r\n\r\n{}")
    assert status_of(connection) == b"408"
    assert hasty.serving.bodies.held == 0


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: loc"])
def test_a_head_that_does_not_come_is_not_waited_for(hasty, begun):
    with hasty.raw(begun) as connection:
        assert connection.recv(1) == b""


def test_a_head_beyond_16_kb_is_refused(server):
    assert status_of(server.raw(b"GET / HTTP/1.1\r\nX: " + b"x" * 20_000)) == b"400"


def test_more_parts_than_a_few_are_refused(server):
    answer = server.upload(*[("text", None, b"abc")] * 5)
    assert (answer.status, answer.why) == (413, "more than 4 parts")


def test_two_parts_of_one_text_are_too_many(server, png):
    answer = server.upload(("image", "a.png", png), *[("text", None, b"abc")] * 2)
    assert (answer.status, answer.why) == (422, "input 'text': 2 parts, wanted one")


def test_a_short_body_of_very_many_values_is_refused(server):
    answer = server.ask(
        "POST", "/v1/predict", b"[" + b"[]," * 1_000 + b"0]", Content_Type="application/json"
    )
    assert (answer.status, answer.why) == (413, "more than 1,000 values in the JSON; send a file")


def test_a_body_nested_deeply_is_no_crash(server):
    body = b"[" * 900 + b"]" * 900
    answer = server.ask("POST", "/v1/predict", body, Content_Type="application/json")
    assert answer.status in (400, 422)


@pytest.mark.parametrize(
    "picture",
    [
        png_that_claims(1_001, 1_000),
        png_that_claims(60_000, 60_000),
        png_that_claims(2**31 - 1, 2**31 - 1),
        content_of(Image.new("1", (4_000, 4_000)), "TIFF", compression="group4"),
    ],
    ids=["just over", "3600 megapixels", "4 exapixels", "16 megapixels in a kilobyte"],
)
def test_a_picture_that_would_unpack_to_too_much_is_refused_by_its_head(server, picture):
    assert len(picture) < 10_000
    answer = server.upload(("image", "a.png", picture), ("text", None, b"abc"))
    assert answer.status == 413


def test_a_sound_that_would_unpack_to_too_much_is_refused_by_its_head(server, png):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(3 * 16_000), 16_000, format="FLAC")
    answer = server.upload(
        ("image", "a.png", png), ("text", None, b"a"), ("audio", "a.flac", file.getvalue())
    )
    assert (answer.status, answer.why) == (413, "input 'audio': 3 s, more than 2 s; send less")


def test_a_sound_of_another_format_is_opened_by_nobody(server, png):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(3 * 16_000), 16_000, format="AIFF")
    answer = server.upload(
        ("image", "a.png", png), ("text", None, b"a"), ("audio", "a.aiff", file.getvalue())
    )
    assert answer.status == 422  # and no 413 for its three seconds
    assert answer.why.endswith("is no sound; wanted WAV, FLAC, OGG or MP3")


def test_a_long_text_is_refused(server):
    answer = server.predict(text="x" * 10_001)
    assert (answer.status, answer.why) == (
        413,
        "input 'text': 10,001 characters, more than 10,000; send less",
    )


def test_no_string_of_a_request_is_taken_for_a_path(server, tmp_path, png, wav):
    """The files are there and would answer, had they been opened."""
    picture, sound = tmp_path / "a.png", tmp_path / "a.wav"
    picture.write_bytes(png)
    sound.write_bytes(wav)
    for path in (str(picture), f"file://{picture}", "../../etc/passwd", "/etc/passwd"):
        for answer in (
            server.predict(image=path, text="abc"),
            server.predict(image=[path], text="abc"),
            server.predict(image=base64.b64encode(path.encode()).decode(), text="abc"),
            server.upload(("image", None, path.encode()), ("text", None, b"abc")),
            server.upload(("image", path, path.encode()), ("text", None, b"abc")),
        ):
            assert answer.status == 422, path
    image = ("image", "a.png", png)
    answer = server.upload(image, ("text", None, b"a"), ("audio", None, str(sound).encode()))
    assert answer.status == 422
    said = server.upload(image, ("text", None, str(sound).encode())).json["outputs"]["label"]
    assert said == server.serving.models[0].predict(image=png, text=str(sound))["label"].to_dict()


def test_a_full_queue_says_when_to_come_back_and_a_late_answer_is_504(serve, models, png):
    """Both models are held by a test; one place in the queue is left."""
    limits = Limits(queued=1, answer_s=1, stuck_s=1)
    server = serve(Serving(models, limits))
    workers, free, busy = server.serving.workers, threading.Event(), threading.Barrier(3)

    def hold(model) -> str:
        busy.wait(PATIENCE_S)
        free.wait(PATIENCE_S)
        return "done"

    def occupy():
        call = workers.answer(hold, lambda: None)
        return asyncio.run_coroutine_threadsafe(call, server.loop)

    held = [occupy() for _ in range(2)]
    busy.wait(PATIENCE_S)
    waiting = []
    parts = (("image", "a.png", png), ("text", None, b"abc"))
    thread = threading.Thread(target=lambda: waiting.append(server.upload(*parts)))
    thread.start()
    until(lambda: workers.pending == 3)
    refused = server.upload(*parts)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.why == "3 predictions run or wait; come back"
    assert server.ask("GET", "/readyz").status == 503
    thread.join()
    assert (waiting[0].status, waiting[0].why) == (504, "no answer within 1 s")
    assert all("no answer within 1 s" in str(call.exception()) for call in held)
    unhealthy = server.ask("GET", "/healthz")
    assert (unhealthy.status, unhealthy.why) == (
        503,
        "a prediction runs for more than 1 s; restart the server",
    )
    assert server.serving.bodies.held == len(multipart(*parts))  # what waits is still in memory
    free.set()
    until(lambda: workers.pending == 0)
    assert server.serving.bodies.held == 0
    assert server.upload(*parts).status == 200
    assert server.ask("GET", "/healthz").status == 200


def test_all_bodies_together_are_limited(serve, models):
    server = serve(Serving(models, Limits(held_mb=1)))
    head = HEAD + b"Content-Length: 2000000\r\n\r\n"
    with server.raw(head, b"x" * 900_000):
        until(lambda: server.serving.bodies.held == 900_000)
        refused = server.ask("POST", "/v1/predict", b"x" * 200_000)
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    until(lambda: server.logged()[-1].get("status") == 499)  # the first one is gone
    assert server.serving.bodies.held == 0


def test_more_connections_than_allowed_are_told_so(serve, models):
    server = serve(Serving(models, Limits(connections=2)))
    with server.raw():
        assert server.ask("GET", "/healthz").status == 503


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["body_mbs=1"], "unknown limit 'body_mbs'; did you mean 'body_mb'"),
        (["body_mb"], "limit body_mb: wanted body_mb=WHOLE-NUMBER, received 'body_mb'"),
        (["body_mb=-1"], "limit body_mb: wanted body_mb=WHOLE-NUMBER"),
        (["body_mb=0"], "limit body_mb: wanted a whole number from 1 on, received 0"),
    ],
)
def test_wrong_limits_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        limits_from(settings)


def test_the_guide_lists_every_limit_with_its_default():
    guide = (Path(__file__).resolve().parents[2] / "edge" / "README.md").read_text()
    told = re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", guide, re.M)
    assert {name: int(value.replace(",", "")) for name, value in told} == vars(Limits())


def test_limits_are_set_by_name():
    assert limits_from(["queued=0", "body_mb=4"]) == Limits(queued=0, body_mb=4)
