"""Runs exported models where there is no Keras: named raw inputs in, named answers out."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras_edge.card import Card
    from mmkeras_edge.outputs import (
        BinarySpec,
        ClassifySpec,
        CountSpec,
        GaussianSpec,
        MultiLabelSpec,
        OrdinalSpec,
        QuantilesSpec,
        RegressSpec,
    )
    from mmkeras_edge.readings import Interval, Scores, Tags, Value
    from mmkeras_edge.runner import Model, load
    from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec
    from mmkeras_edge.streaming.recorder import Recorder
    from mmkeras_edge.streaming.stream import stream

PUBLIC = {  # name -> module; on first use, so that `mmkeras-edge --help` waits for no NumPy
    "load": "runner",
    "Model": "runner",
    "stream": "streaming.stream",
    "Recorder": "streaming.recorder",
    "Scores": "readings",
    "Tags": "readings",
    "Value": "readings",
    "Interval": "readings",
    "Card": "card",
    "ImageSpec": "specs",
    "TextSpec": "specs",
    "AudioSpec": "specs",
    "ClassifySpec": "outputs",
    "BinarySpec": "outputs",
    "MultiLabelSpec": "outputs",
    "OrdinalSpec": "outputs",
    "RegressSpec": "outputs",
    "GaussianSpec": "outputs",
    "CountSpec": "outputs",
    "QuantilesSpec": "outputs",
}

__all__ = [
    "AudioSpec",
    "BinarySpec",
    "Card",
    "ClassifySpec",
    "CountSpec",
    "GaussianSpec",
    "ImageSpec",
    "Interval",
    "Model",
    "MultiLabelSpec",
    "OrdinalSpec",
    "QuantilesSpec",
    "Recorder",
    "RegressSpec",
    "Scores",
    "Tags",
    "TextSpec",
    "Value",
    "load",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{PUBLIC[name]}"), name)
