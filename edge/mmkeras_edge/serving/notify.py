"""Tells systemd that the server is ready, alive or stopping: a datagram each, see sd_notify(3)."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Sends READY=1, WATCHDOG=1, STOPPING=1, ...; False where nobody listens: a service answers
    all the same."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return False
    if address.startswith("@"):  # an abstract socket
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto(state.encode(), address)
        except OSError:  # the variable outlived who set it
            return False
    return True


def watchdog_s() -> float | None:
    """How often systemd wants a sign of life at least; None: never, or from another process."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    if not limit_us.isdecimal() or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(
        os.getpid()
    ):
        return None
    return int(limit_us) / 1e6
