"""Runs exported models where there is no Keras: named raw inputs in, named scores out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras_edge.runner import Model, Scores, load
    from mmkeras_edge.specs import AudioSpec, Card, ClassifySpec, ImageSpec, TextSpec

__all__ = ["AudioSpec", "Card", "ClassifySpec", "ImageSpec", "Model", "Scores", "TextSpec", "load"]

HOME = {"Model": "runner", "Scores": "runner", "load": "runner"}  # the others live in specs


def __getattr__(name: str) -> Any:
    """Public names on first use, so that `mmkeras-edge --help` waits for no NumPy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{HOME.get(name, 'specs')}"), name)
