"""Source text that names what a file takes and says, so that a compiler finds the typing error."""

from __future__ import annotations

from collections.abc import Callable

from mmkeras_edge.inputs import pick
from mmkeras_edge.runner import Model
from mmkeras_edge.stubs.face import Face, face_of
from mmkeras_edge.stubs.kotlin import kotlin
from mmkeras_edge.stubs.python import python
from mmkeras_edge.stubs.swift import swift

LANGUAGES: dict[str, Callable[[Face], str]] = {"python": python, "kotlin": kotlin, "swift": swift}

__all__ = ["LANGUAGES", "Face", "face_of", "stubs"]


def stubs(model: Model, language: str) -> str:
    """The text of one source file. Raises ValueError for a language that there is not.

    Python wraps `mmkeras_edge` and takes raw inputs. Kotlin and Swift are about tensors: what has
    to be in them, in which order, and what comes out.
    """
    return pick(LANGUAGES, language, "language")(face_of(model))
