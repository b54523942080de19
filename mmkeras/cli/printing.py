"""What verbs print."""

from __future__ import annotations

import json
import sys
from typing import Any


class Stopped(Exception):  # noqa: N818  no error, but what the user wants
    """By Ctrl-C, and what is left, for the user; Typer alone would not say."""


def print_evaluation(evaluation: Any, as_json: bool) -> None:
    """How good a model is."""
    if as_json:
        print_json(evaluation.to_dict())
    else:
        print(evaluation)


def print_json(value: Any) -> None:
    """Plain data, for programs."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str))


def hint(text: str, as_json: bool) -> None:
    """What to do next; beside JSON it goes to standard error."""
    print(text, file=sys.stderr if as_json else sys.stdout)
