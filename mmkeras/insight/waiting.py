"""A bar for what takes long, on a terminal alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


def waiting(things: Sequence[T], what: str) -> Iterator[T]:
    """The things one by one; a bar on standard error, which goes when all are done."""
    console = Console(stderr=True)
    yield from track(things, what, console=console, transient=True, disable=not console.is_terminal)
