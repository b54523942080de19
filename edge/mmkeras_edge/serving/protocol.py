"""uvicorn's HTTP/1.1, where a client that does not send its request is not waited for."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol(head_s: float) -> type[Protocol]:
    """The class for connections whose next head must be there so long after its first byte."""
    return type("Protocol", (Protocol,), {"head_s": head_s})


class Protocol(H11Protocol):
    """Closes a connection whose next request has not begun `head_s` after it should have.

    uvicorn waits for ever for a head that comes a byte a minute, or for the rest of a body after
    the answer was given.
    """

    head_s = 10.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()  # a request runs; its body has a limit of its own
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.head_s, self.transport.close)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
