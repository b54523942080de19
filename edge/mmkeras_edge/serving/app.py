"""The addresses of the server, and what each of them answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property, partial
from importlib.resources import files
from time import perf_counter
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mmkeras_edge.answering import plain
from mmkeras_edge.card import Card
from mmkeras_edge.runner import Model
from mmkeras_edge.serving.body import Bodies
from mmkeras_edge.serving.costs import check_costs
from mmkeras_edge.serving.guard import Guard, refused
from mmkeras_edge.serving.limits import Limits, RefusedError
from mmkeras_edge.serving.logs import log
from mmkeras_edge.serving.metrics import TYPE, Metrics
from mmkeras_edge.serving.openapi import describe
from mmkeras_edge.serving.page import policy
from mmkeras_edge.serving.sources import read_sources
from mmkeras_edge.serving.workers import Workers

LONGEST = 500  # characters of an error that are sent
JSON = "application/json"


class Serving:
    """One file being served: its models, and all that its requests share.

    `token` None: whoever reaches the address may ask, under one of `hosts`; None there: any name.
    """

    def __init__(
        self,
        models: Sequence[Model],
        limits: Limits | None = None,
        token: str | None = None,
        hosts: tuple[str, ...] | None = None,
    ):
        self.models, self.limits = models, limits or Limits()
        self.token, self.hosts = token, hosts
        self.card: Card = models[0].file.card
        self.workers = Workers(models, self.limits)
        self.bodies = Bodies(self.limits)
        model = {"precision": self.card.precision, "sha256": self.card.sha256.get("model", "")}
        self.metrics = Metrics(self.workers, model)

    @cached_property
    def documents(self) -> dict[str, bytes]:
        """What never changes while the file is served, by address."""
        info = self.models[0].info()
        info["file"] = info["file"].replace("\\", "/").rpartition("/")[2]  # where it lies is ours
        return {
            "/": (files(__package__) / "page.html").read_bytes(),
            "/v1/model": json.dumps(info, ensure_ascii=False).encode(),
            "/openapi.json": json.dumps(describe(self.card, self.limits)).encode(),
        }

    def predict(self, body: bytes, content_type: str, model: Model) -> dict[str, Any]:
        """A request's body to the answer, in the thread of a worker."""
        began = perf_counter()
        try:
            sources = read_sources(body, content_type, self.card.inputs, self.limits)
            check_costs(sources, self.card.inputs, self.limits)
            answer = model.predict(**sources)
        except (ValueError, ImportError) as error:  # ImportError: a film wants PyAV
            raise RefusedError(422, str(error)[:LONGEST]) from error
        absent = [name for name in self.card.inputs if name not in sources]
        took_s = perf_counter() - began
        self.metrics.predictions.observe(took_s)
        for name in absent:
            self.metrics.absent.labels(name).inc()
        return {**plain(answer, absent), "milliseconds": round(1e3 * took_s, 3)}


def make_app(serving: Serving) -> Guard:
    """An ASGI application: the addresses below, behind the guard."""
    routes = [
        Route("/", _page),
        Route("/v1/predict", _predict, methods=["POST"]),
        Route("/v1/model", _document),
        Route("/openapi.json", _document),
        Route("/healthz", _health),
        Route("/readyz", _ready),
        Route("/metrics", _metrics),
    ]
    handlers = {RefusedError: refused, HTTPException: refused, Exception: refused}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=_lifespan)
    app.state.serving = serving
    return Guard(app, {route.path for route in routes}, serving)


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    app.state.serving.workers.close()
    log("stopped")


def _of(request: Request) -> Serving:
    return request.app.state.serving


async def _predict(request: Request) -> Response:
    serving, content_type = _of(request), request.headers.get("content-type", "")
    body = await serving.bodies.read(request)
    there = perf_counter()

    def work(model: Model) -> dict[str, Any]:
        serving.metrics.waits.observe(perf_counter() - there)
        return serving.predict(body, content_type, model)

    done = partial(serving.bodies.release, len(body))
    answer = await serving.workers.answer(work, done)
    answer = {"request_id": request.state.request_id, **answer}
    return Response(json.dumps(answer, allow_nan=False), media_type=JSON)


async def _document(request: Request) -> Response:
    return Response(_of(request).documents[request.url.path], media_type=JSON)


async def _page(request: Request) -> Response:
    content = _of(request).documents["/"]
    headers = {"Content-Security-Policy": policy(content)}
    return Response(content, media_type="text/html; charset=utf-8", headers=headers)


async def _health(request: Request) -> Response:
    """200 while it makes sense to ask here, and 503 once a prediction hangs."""
    serving = _of(request)
    if not serving.workers.is_healthy:
        limit_s = serving.limits.stuck_s
        raise RefusedError(503, f"a prediction runs for more than {limit_s} s; restart the server")
    return Response('{"status": "ok"}', media_type=JSON)


async def _ready(request: Request) -> Response:
    """200 while another prediction would be taken."""
    workers = _of(request).workers
    if workers.is_full:
        raise RefusedError(503, f"{workers.pending} predictions run or wait")
    return await _health(request)


async def _metrics(request: Request) -> Response:
    return Response(_of(request).metrics.text(), media_type=TYPE)
