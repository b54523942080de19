"""The addresses of the server, and what each of them answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False, repr=False)
class Serving:
    """One file being served: its models, and all that its requests share."""

    models: Sequence[Model]
    limits: Limits = Limits()  # noqa: RUF009  frozen
    token: str | None = None  # None: whoever reaches the address may ask
    hosts: tuple[str, ...] | None = None  # names it may be asked under without a token; None: any

    @property
    def card(self) -> Card:
        return self.models[0].file.card

    @cached_property
    def workers(self) -> Workers:
        return Workers(self.models, self.limits)

    @cached_property
    def bodies(self) -> Bodies:
        return Bodies(self.limits)

    @cached_property
    def metrics(self) -> Metrics:
        model = {"precision": self.card.precision, "sha256": self.card.sha256.get("model", "")}
        return Metrics(self.workers, model)

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

    async def predict(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        body = await serving.bodies.read(request)
        there = perf_counter()

        def work(model: Model) -> dict[str, Any]:
            serving.metrics.waits.observe(perf_counter() - there)
            return serving.predict(body, content_type, model)

        done = partial(serving.bodies.release, len(body))
        answer = await serving.workers.answer(work, done)
        answer = {"request_id": request.state.request_id, **answer}
        return Response(json.dumps(answer, allow_nan=False), media_type=JSON)

    async def document(request: Request) -> Response:
        return Response(serving.documents[request.url.path], media_type=JSON)

    async def page(request: Request) -> Response:
        content = serving.documents["/"]
        headers = {"Content-Security-Policy": policy(content)}
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    async def health(request: Request) -> Response:
        """200 while it makes sense to ask here, and 503 once a prediction hangs."""
        if not serving.workers.is_healthy:
            limit_s = serving.limits.stuck_s
            raise RefusedError(
                503, f"a prediction runs for more than {limit_s} s; restart the server"
            )
        return Response('{"status": "ok"}', media_type=JSON)

    async def ready(request: Request) -> Response:
        """200 while another prediction would be taken."""
        if serving.workers.is_full:
            raise RefusedError(503, f"{serving.workers.pending} predictions run or wait")
        return await health(request)

    async def metrics(request: Request) -> Response:
        return Response(serving.metrics.text(), media_type=TYPE)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        serving.workers.close()
        log("stopped")

    routes = [
        Route("/", page),
        Route("/v1/predict", predict, methods=["POST"]),
        Route("/v1/model", document),
        Route("/openapi.json", document),
        Route("/healthz", health),
        Route("/readyz", ready),
        Route("/metrics", metrics),
    ]
    handlers = {RefusedError: refused, HTTPException: refused, Exception: refused}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    return Guard(app, {route.path for route in routes}, serving)
