"""A process that serves one file until it is told to stop."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import uvicorn

from mmkeras_edge.chatter import quiet
from mmkeras_edge.golden import read_golden
from mmkeras_edge.runner import Model, load
from mmkeras_edge.serving.app import Serving, make_app
from mmkeras_edge.serving.limits import Limits
from mmkeras_edge.serving.logs import log, to_json_lines
from mmkeras_edge.serving.notify import notify, watchdog_s
from mmkeras_edge.serving.protocol import protocol
from mmkeras_edge.serving.workers import Workers

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SHORTEST = 16  # characters of a token
LIMIT_WORKERS = 64  # each holds the model in memory
IDLE_S = 30  # a connection may rest between two requests
HEAD_BYTES = 16_384  # of a request's line and headers
SWITCH_S = 0.001  # Python's 5 ms are what the event loop would wait for whenever a worker decodes
BEAT_S = 30.0  # what a watchdog is taken to want, where systemd does not say


@dataclass(frozen=True)
class Settings:
    """How a file is served. `workers` models answer at once, each in `threads` threads."""

    file: str
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int | None = None
    threads: int | None = None
    token: str | None = None
    insecure: bool = False
    limits: Limits = Limits()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        if self.token is not None and len(self.token) < SHORTEST:
            raise ValueError(
                f"the token has {len(self.token)} characters, wanted {SHORTEST} or more; "
                "make one with: openssl rand -hex 32"
            )
        if not self.is_loopback and self.token is None and not self.insecure:
            raise ValueError(
                f"whoever reaches {self.host} could ask; give --token-file FILE, or --insecure if "
                "that is wanted"
            )
        if not 0 <= self.port < 65_536:
            raise ValueError(f"wanted a port from 0 to 65535, received {self.port}")
        if self.workers is not None and not 1 <= self.workers <= LIMIT_WORKERS:
            raise ValueError(f"wanted from 1 to {LIMIT_WORKERS} workers, received {self.workers}")

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def parts(self) -> tuple[int, int]:
        """Workers, and threads of each: half the cores each for two workers, unless told."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        workers = min(cores, 2) if self.workers is None else self.workers
        return workers, max(cores // workers, 1) if self.threads is None else self.threads


def run(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM, then finishes what it has accepted.

    Logs go to standard error. Raises what `load` raises, and OSError for an address that is taken.
    """
    to_json_lines()
    sys.setswitchinterval(SWITCH_S)
    began = perf_counter()
    count, threads = settings.parts
    with quiet():
        models = [warm(load(settings.file, threads)) for _ in range(count)]
    hosts = tuple(dict.fromkeys((*LOOPBACK, settings.host))) if settings.is_loopback else None
    serving = Serving(models, settings.limits, settings.token, hosts)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.create_server((settings.host, settings.port), family=family) as listener:
        log("loaded", workers=count, threads=threads, milliseconds=_since_ms(began))
        with _stopping_well():
            asyncio.run(_serve(serving, listener))


def warm(model: Model) -> Model:
    """Itself, after its golden samples, where the file carries any: the first ones are slow."""
    for sample in read_golden(model.file) if model.file.golden is not None else ():
        model.predict(**sample.raw)
    return model


def make_server(serving: Serving) -> uvicorn.Server:
    """One that has not begun: `await server.serve(sockets=[listener])` runs it."""
    limits = serving.limits
    config = uvicorn.Config(
        make_app(serving),
        http=protocol(limits.head_s),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=limits.upload_s + limits.answer_s + 1,
        h11_max_incomplete_event_size=HEAD_BYTES,
    )
    return _Server(config)


async def _serve(serving: Serving, listener: socket.socket) -> None:
    beat = asyncio.create_task(_beat(serving.workers))
    try:
        await make_server(serving).serve(sockets=[listener])
    finally:
        beat.cancel()


class _Server(uvicorn.Server):
    """uvicorn's, that tells the log and systemd when it is ready and when it goes."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        assert sockets, "it is always given one"
        host, port = sockets[0].getsockname()[:2]
        log("listening", url=f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        notify("READY=1")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log("stopping", tasks=len(self.server_state.tasks))
        notify("STOPPING=1")
        await super().shutdown(sockets)


async def _beat(workers: Workers) -> None:
    """Signs of life for systemd's watchdog; none once a prediction hangs, so that it restarts."""
    beat_s = (watchdog_s() or BEAT_S) / 3
    while True:
        if workers.is_healthy:
            notify("WATCHDOG=1")
        await asyncio.sleep(beat_s)


@contextmanager
def _stopping_well() -> Iterator[None]:
    """uvicorn repeats the signal that stopped it. SIGTERM then ends the process with code 0, and at
    once: all is answered by then, and a thread that hangs would be waited for by `sys.exit`."""
    before = signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _since_ms(began: float) -> float:
    return round(1e3 * (perf_counter() - began), 1)
