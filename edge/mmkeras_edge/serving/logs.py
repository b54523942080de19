"""Logs as JSON Lines that hold nothing of what was sent: no values, no paths, no messages of
exceptions, which may quote them."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import datetime, timezone
from typing import IO, Any

LOGGER = logging.getLogger("mmkeras_edge.serving")
QUOTED = (LOGGER.name, "uvicorn")  # whose messages are constant; others may quote a request
FRAMES = 8  # of a traceback, the innermost


class JsonLines(logging.Formatter):
    """One object a line: time, level, event, and what the record's `fields` hold."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.name,
            **getattr(record, "fields", {}),
        }
        if record.name.startswith(QUOTED):
            line["event"] = record.getMessage().strip()
        else:
            line["at"] = f"{record.pathname}:{record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            line.update(where(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def where(error: BaseException) -> dict[str, Any]:
    """What broke and in which lines, without the error's message."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "error": type(error).__name__,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    LOGGER.log(level, event, extra={"fields": fields})


def to_json_lines(stream: IO[str] | None = None) -> None:
    """Lets every logger of the process write to `stream`, standard error by default, and warnings
    as well; of others than the server's and uvicorn's, only where they came from."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    LOGGER.setLevel(logging.INFO)
    logging.captureWarnings(True)
