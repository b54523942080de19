"""Shrinks a trained model and ships it: one checked `.tflite` file for the device."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras_export.clustering import Clustering, cluster
    from mmkeras_export.comparison import Comparison, compare, run_lite
    from mmkeras_export.conversion import ConversionError, ConversionWarning, convert
    from mmkeras_export.exporting import export, export_all
    from mmkeras_export.fitting import Fit, fits
    from mmkeras_export.gate import GateError
    from mmkeras_export.islands import islands_of
    from mmkeras_export.lint_rules import Finding
    from mmkeras_export.linting import lint
    from mmkeras_export.number_formats import FORMATS, Format
    from mmkeras_export.other_formats import export_onnx, export_saved_model
    from mmkeras_export.packing import pack
    from mmkeras_export.pricing import device_figures
    from mmkeras_export.pruning import prune, sparsity_by_layer, sparsity_of
    from mmkeras_export.qat_ranges import learned_ranges
    from mmkeras_export.qat_training import Settle, qat, strip
    from mmkeras_export.quantization import quantize
    from mmkeras_export.ranges import CALIBRATIONS, activation_ranges
    from mmkeras_export.recipes import BORDERS
    from mmkeras_export.report import Report
    from mmkeras_export.savings import Savings, savings_of
    from mmkeras_export.schedules import Constant, Polynomial
    from mmkeras_export.slimming.choice import Cut
    from mmkeras_export.slimming.costs import multiply_adds, slimmed
    from mmkeras_export.slimming.cutting import slim
    from mmkeras_export.slimming.importance import Examples
    from mmkeras_export.targets import TARGETS, Target
    from mmkeras_export.variants import Variant
    from mmkeras_export.zeros import KeepZeros, Pruning

PUBLIC = {  # name -> module, on first use; no module is named like a function, which it would hide
    "export": "exporting",
    "export_all": "exporting",
    "Report": "report",
    "Variant": "variants",
    "Fit": "fitting",
    "fits": "fitting",
    "TARGETS": "targets",
    "Target": "targets",
    "GateError": "gate",
    "convert": "conversion",
    "ConversionError": "conversion",
    "ConversionWarning": "conversion",
    "export_saved_model": "other_formats",
    "export_onnx": "other_formats",
    "FORMATS": "number_formats",
    "Format": "number_formats",
    "islands_of": "islands",
    "quantize": "quantization",
    "BORDERS": "recipes",
    "CALIBRATIONS": "ranges",
    "activation_ranges": "ranges",
    "lint": "linting",
    "Finding": "lint_rules",
    "run_lite": "comparison",
    "compare": "comparison",
    "Comparison": "comparison",
    "device_figures": "pricing",
    "pack": "packing",
    "prune": "pruning",
    "sparsity_of": "pruning",
    "qat": "qat_training",
    "strip": "qat_training",
    "Settle": "qat_training",
    "learned_ranges": "qat_ranges",
    "sparsity_by_layer": "pruning",
    "Pruning": "zeros",
    "KeepZeros": "zeros",
    "Constant": "schedules",
    "Polynomial": "schedules",
    "cluster": "clustering",
    "Clustering": "clustering",
    "Savings": "savings",
    "savings_of": "savings",
    "Cut": "slimming.choice",
    "Examples": "slimming.importance",
    "multiply_adds": "slimming.costs",
    "slim": "slimming.cutting",
    "slimmed": "slimming.costs",
}

__all__ = [
    "BORDERS",
    "CALIBRATIONS",
    "FORMATS",
    "TARGETS",
    "Clustering",
    "Comparison",
    "Constant",
    "ConversionError",
    "ConversionWarning",
    "Cut",
    "Examples",
    "Finding",
    "Fit",
    "Format",
    "GateError",
    "KeepZeros",
    "Polynomial",
    "Pruning",
    "Report",
    "Savings",
    "Settle",
    "Target",
    "Variant",
    "activation_ranges",
    "cluster",
    "compare",
    "convert",
    "device_figures",
    "export",
    "export_all",
    "export_onnx",
    "export_saved_model",
    "fits",
    "islands_of",
    "learned_ranges",
    "lint",
    "multiply_adds",
    "pack",
    "prune",
    "qat",
    "quantize",
    "run_lite",
    "savings_of",
    "slim",
    "slimmed",
    "sparsity_by_layer",
    "sparsity_of",
    "strip",
]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'mmkeras_export' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mmkeras_export.{PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
