"""Keeps the runtime's notices off the terminal; what is wrong stays visible."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def stderr_to(file: IO[bytes]) -> Iterator[None]:
    """Lets the process write to a file what it writes to standard error, from C++ too.

    It is about the whole process: for commands, not for programs with several threads.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


@contextmanager
def quiet() -> Iterator[None]:
    """Holds back what is written to standard error; what is no INFO line is shown afterwards."""
    with tempfile.TemporaryFile() as caught:
        try:
            with stderr_to(caught):
                yield
        finally:
            caught.seek(0)
            for line in caught:
                if not line.startswith(b"INFO:"):
                    os.write(2, line)
