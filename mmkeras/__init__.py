"""Keras models over images, text and audio at once, from a manifest to one `.tflite` file."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras.comparing import compare
    from mmkeras.comparison import Comparison
    from mmkeras.cross_validation import CrossValidation, cross_validate
    from mmkeras.evaluation import Evaluation, evaluate
    from mmkeras.explaining import Explanation, explain
    from mmkeras.manifest import Manifest, find_columns, load_manifest
    from mmkeras.modalities import Audio, Image, Sensor, Table, Text, Video
    from mmkeras.model import assemble, build_model, recipe_of
    from mmkeras.opening import load
    from mmkeras.quality import Quality, check
    from mmkeras.recipe import Recipe
    from mmkeras.reporting import report
    from mmkeras.run import Run
    from mmkeras.searching import Search, search
    from mmkeras.series import Variant
    from mmkeras.shards.merging import merge
    from mmkeras.shards.opening import open_prepared
    from mmkeras.shards.storing import Work, prepare_to
    from mmkeras.shipped import Shipped
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
    "find_columns": "manifest",
    "check": "quality",
    "Quality": "quality",
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
    "load": "opening",
    "Shipped": "shipped",
    "evaluate": "evaluation",
    "Evaluation": "evaluation",
    "explain": "explaining",
    "Explanation": "explaining",
    "report": "reporting",
    "compare": "comparing",
    "Comparison": "comparison",
    "Variant": "series",
    "cross_validate": "cross_validation",
    "CrossValidation": "cross_validation",
    "search": "searching",
    "Search": "searching",
    "prepare_to": "shards.storing",
    "open_prepared": "shards.opening",
    "merge": "shards.merging",
    "Work": "shards.storing",
}

# mmkeras.fusion.SelfAttention(heads=2)
PACKAGES = ("datasets", "explaining", "fusion", "insight", "recipes")

__all__ = [
    "Audio",
    "Binary",
    "Classify",
    "Comparison",
    "Count",
    "CrossValidation",
    "Evaluation",
    "Explanation",
    "Gaussian",
    "Image",
    "Manifest",
    "MultiLabel",
    "Ordinal",
    "Quality",
    "Quantiles",
    "Recipe",
    "Regress",
    "Run",
    "Search",
    "Sensor",
    "Shipped",
    "Table",
    "Text",
    "Training",
    "Variant",
    "Video",
    "Work",
    "assemble",
    "build_model",
    "check",
    "compare",
    "cross_validate",
    "evaluate",
    "explain",
    "find_columns",
    "fit",
    "load",
    "load_manifest",
    "merge",
    "open_prepared",
    "prepare_to",
    "recipe_of",
    "report",
    "resume",
    "search",
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
