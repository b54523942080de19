"""Real servers on free ports of this machine, in threads of the test, over the tiny file."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import io
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

from mmkeras_edge import Model, load
from mmkeras_edge.serving import Limits, Serving
from mmkeras_edge.serving.logs import LOGGER, JsonLines
from mmkeras_edge.serving.server import make_server

TINY = Path(__file__).parent.parent / "edge" / "tiny.tflite"
BOUNDARY = "a1b2c3"
PATIENCE_S = 20


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def why(self) -> str:
        return self.json["error"]["message"]


@dataclass(frozen=True)
class Running:
    """A server that runs, what it logs, and requests to it."""

    serving: Serving
    port: int
    server: uvicorn.Server
    loop: asyncio.AbstractEventLoop
    log: io.StringIO

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Underscores of a header's name stand for hyphens; an iterable body is sent in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused halfway
                connection.request(method, path, body, named)
            response = connection.getresponse()
            said = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, said, response.read())

    def predict(self, **inputs: Any) -> Answer:
        """As JSON."""
        body = json.dumps({"inputs": inputs})
        return self.ask("POST", "/v1/predict", body, Content_Type="application/json")

    def upload(self, *parts: tuple[str, str | None, bytes]) -> Answer:
        """As multipart: (input's name, file's name or None, content)."""
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.ask("POST", "/v1/predict", multipart(*parts), Content_Type=kind)

    def raw(self, *pieces: bytes) -> socket.socket:
        """A connection that has sent these bytes, to be closed by its caller."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        for piece in pieces:
            connection.sendall(piece)
        return connection

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def line_of(self, answer: Answer) -> dict[str, Any]:
        """What was logged of a request; its line follows its answer."""
        of = answer.headers["x-request-id"]
        until(lambda: of in self.log.getvalue())
        (line,) = (line for line in self.logged() if line.get("request_id") == of)
        return line


def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread is about to do."""
    end = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < end, "it never came true"
        sleep(0.002)  # else the other thread waits for this one


def multipart(*parts: tuple[str, str | None, bytes]) -> bytes:
    body = b""
    for name, file, content in parts:
        of = f'; filename="{file}"' if file is not None else ""
        body += (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{of}\r\n\r\n'.encode()
        )
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


@contextlib.contextmanager
def running(serving: Serving) -> Iterator[Running]:
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(JsonLines())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    server, loop = make_server(serving), asyncio.new_event_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(
            target=loop.run_until_complete, args=(server.serve(sockets=[listener]),)
        )
        thread.start()
        try:
            yield Running(serving, port, server, loop, log)
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            loop.close()
            LOGGER.removeHandler(handler)


@pytest.fixture(scope="session")
def tiny() -> Path:
    return TINY


@pytest.fixture(scope="session")
def models() -> list[Model]:
    return [load(TINY, threads=1), load(TINY, threads=1)]


@pytest.fixture(scope="module")
def server(models) -> Iterator[Running]:
    """One with limits so low that a test can cross them, but for those of time: a slow machine
    would cross them as well."""
    limits = Limits(body_mb=1, parts=4, json_values=1_000, image_mp=1, audio_s=2)
    with running(Serving(models, limits, hosts=("localhost", "127.0.0.1"))) as it:
        yield it


@pytest.fixture
def serve() -> Iterator[Callable[[Serving], Running]]:
    """Starts servers of a test's own, and stops them."""
    with contextlib.ExitStack() as stack:
        yield lambda serving: stack.enter_context(running(serving))


@pytest.fixture(scope="session")
def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 16, 3), np.uint8)).save(
        file, "PNG"
    )
    return file.getvalue()


@pytest.fixture(scope="session")
def wav() -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.full(800, 0.5), 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()
