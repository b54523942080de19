"""Keras models over images, text and audio at once, from a manifest to one `.tflite` file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras.evaluation import Evaluation, evaluate
    from mmkeras.manifest import Manifest, load_manifest
    from mmkeras.modalities import Audio, Image, Sensor, Table, Text, Video
    from mmkeras.model import assemble, build_model, recipe_of
    from mmkeras.recipe import Recipe
    from mmkeras.run import Run, load
    from mmkeras.tasks import (
        Binary,
        Classify,
        Count,
        Gaussian,
        MultiLabel,
        Ordinal,
        Quantiles,
        Regress,
    )
    from mmkeras.train import fit, resume
    from mmkeras.training import Training

PUBLIC = {  # name -> module; resolved on first use (PEP 562), so that `import mmkeras` stays light
    "load_manifest": "manifest",
    "Manifest": "manifest",
    "build_model": "model",
    "assemble": "model",
    "recipe_of": "model",
    "Image": "modalities",
    "Text": "modalities",
    "Audio": "modalities",
    "Video": "modalities",
    "Sensor": "modalities",
    "Table": "modalities",
    "Classify": "tasks",
    "Binary": "tasks",
    "MultiLabel": "tasks",
    "Ordinal": "tasks",
    "Regress": "tasks",
    "Gaussian": "tasks",
    "Count": "tasks",
    "Quantiles": "tasks",
    "Recipe": "recipe",
    "fit": "train",
    "Training": "training",
    "resume": "train",
    "Run": "run",
    "load": "run",
    "evaluate": "evaluation",
    "Evaluation": "evaluation",
}

PACKAGES = ("datasets", "fusion", "recipes")  # mmkeras.fusion.SelfAttention(heads=2)

__all__ = [
    "Audio",
    "Binary",
    "Classify",
    "Count",
    "Evaluation",
    "Gaussian",
    "Image",
    "Manifest",
    "MultiLabel",
    "Ordinal",
    "Quantiles",
    "Recipe",
    "Regress",
    "Run",
    "Sensor",
    "Table",
    "Text",
    "Training",
    "Video",
    "assemble",
    "build_model",
    "evaluate",
    "fit",
    "load",
    "load_manifest",
    "recipe_of",
    "resume",
]


def __getattr__(name: str) -> Any:
    if name in PACKAGES:
        return importlib.import_module(f"mmkeras.{name}")
    if name not in PUBLIC:
        raise AttributeError(f"module 'mmkeras' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mmkeras.{PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
