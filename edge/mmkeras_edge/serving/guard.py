"""What every request passes: who may ask, its number, its line in the log, one way to say no."""

from __future__ import annotations

import hmac
import json
import logging
import re
import secrets
from collections.abc import Collection
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmkeras_edge.serving.limits import RefusedError
from mmkeras_edge.serving.logs import log, where

if TYPE_CHECKING:
    from mmkeras_edge.serving.app import Serving

OPEN = ("/", "/healthz", "/readyz")  # need no token: they tell nothing of the model
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # others count as one
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, routes: Collection[str], serving: Serving):
        self.app, self.routes, self.serving = app, routes, serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the lifespan; there are no web sockets here
            await self.app(scope, receive, send)
            return
        headers, began = Headers(scope=scope), perf_counter()
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        route = scope["path"] if scope["path"] in self.routes else "other"
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                mine = MutableHeaders(scope=message)
                mine["X-Request-ID"] = request_id
                for name, value in HEADERS.items():
                    mine.setdefault(name, value)
            await send(message)

        fault: Exception | None = None
        try:
            self._admit(route, headers)
            await self.app(scope, receive, noted)
        except RefusedError as refusal:  # before the application saw it
            await (await refused(Request(scope), refusal))(scope, receive, noted)
        except Exception as error:  # noqa: BLE001  answered by `refused`; its message may quote
            fault = error
        self._note(scope["method"], route, status, request_id, perf_counter() - began, fault)

    def _admit(self, route: str, headers: Headers) -> None:
        """Refuses who has no token; where none is wanted, pages of other sites in a browser."""
        if self.serving.token is not None:
            if route not in OPEN and not self._knows_token(headers.get("authorization", "")):
                raise RefusedError(
                    401, "wanted Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
                )
            return
        host, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and _netloc(origin) != host:
            raise RefusedError(403, "a page of another site may not ask here")
        if self.serving.hosts is not None and _name(host) not in self.serving.hosts:
            names = ", ".join(self.serving.hosts)
            raise RefusedError(
                421, f"asked under another name than {names}; use one, or set a token"
            )

    def _knows_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode("latin-1")  # the bytes of the header
        wanted = (self.serving.token or "").encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(given, wanted)

    def _note(
        self,
        method: str,
        route: str,
        status: int,
        request_id: str,
        took_s: float,
        fault: Exception | None,
    ) -> None:
        method = method if method in METHODS else "other"
        self.serving.metrics.requests.labels(route, method, str(status)).inc()
        fields = {"request_id": request_id, "method": method, "route": route, "status": status}
        fields["milliseconds"] = round(1e3 * took_s, 1)
        if fault is not None:
            log("fault", logging.ERROR, **fields, **where(fault))
        else:
            log("request", logging.WARNING if status >= 500 else logging.INFO, **fields)


UNKNOWN = {  # what the router says no to, and it says no more than the status
    404: "nothing is at this address; GET /openapi.json lists what there is",
    405: "this address takes another method; GET /openapi.json lists them",
}


async def refused(request: Request, error: Exception) -> Response:
    """Why not, as JSON; what went wrong inside is not told."""
    status = getattr(error, "status", getattr(error, "status_code", 500))
    message = getattr(error, "message", UNKNOWN.get(status, "something broke; see the log"))
    content = {"error": {"message": message, "request_id": request.state.request_id}}
    return Response(
        json.dumps(content), status, getattr(error, "headers", None), "application/json"
    )


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _name(host: str) -> str:
    """The name in "localhost:8080" or "[::1]:8080"."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
