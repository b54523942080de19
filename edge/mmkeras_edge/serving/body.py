"""A request's body into memory: not too much of it, not too slowly, and not too many at once."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from mmkeras_edge.serving.limits import MB, Limits, RefusedError

BUSY = {"Retry-After": "1"}


class Bodies:
    """The bodies that are in memory. Used from the event loop alone; nothing is put on a disk."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.held = 0  # bytes

    async def read(self, request: Request) -> bytes:
        """The whole body; who has it calls `release` with its length when it is no longer needed.

        Raises RefusedError: 413 if it is too long, whatever Content-Length says, 408 if it comes
        too slowly, 429 if all that are held would be too much.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self.limits.body_mb * MB:
            raise self._too_long()
        pieces: list[bytes] = []
        try:
            await asyncio.wait_for(self._fill(pieces, request), self.limits.upload_s)
        except BaseException as error:
            self.release(sum(map(len, pieces)))
            if isinstance(error, asyncio.TimeoutError):
                raise RefusedError(
                    408, f"the body took longer than {self.limits.upload_s} s; send less of it"
                ) from error
            if isinstance(error, ClientDisconnect):
                raise RefusedError(499, "the client went away") from error
            raise
        return b"".join(pieces)

    def release(self, count: int) -> None:
        self.held -= count

    async def _fill(self, pieces: list[bytes], request: Request) -> None:
        length = 0
        async for piece in request.stream():
            length += len(piece)
            if length > self.limits.body_mb * MB:
                raise self._too_long()
            if self.held + len(piece) > self.limits.held_mb * MB:
                raise RefusedError(429, "too much is being uploaded at once; come back", BUSY)
            self.held += len(piece)
            pieces.append(piece)

    def _too_long(self) -> RefusedError:
        return RefusedError(413, f"the body is longer than {self.limits.body_mb} MB; send less")
