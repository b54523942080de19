"""Shrinks a trained model and ships it: one checked `.tflite` file for the device."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras_export.comparison import Comparison, compare, run_lite
    from mmkeras_export.converting.conversion import ConversionError, ConversionWarning, convert
    from mmkeras_export.converting.other_formats import export_onnx, export_saved_model
    from mmkeras_export.exporting import export, export_all
    from mmkeras_export.fitting import Fit, fits
    from mmkeras_export.gate import GateError
    from mmkeras_export.modality_prices import savings_without
    from mmkeras_export.packing import pack
    from mmkeras_export.pricing import device_figures
    from mmkeras_export.quantizing.islands import islands_of
    from mmkeras_export.quantizing.lint_rules import Finding
    from mmkeras_export.quantizing.linting import lint
    from mmkeras_export.quantizing.number_formats import FORMATS, Format
    from mmkeras_export.quantizing.quantization import quantize
    from mmkeras_export.quantizing.ranges import CALIBRATIONS, activation_ranges
    from mmkeras_export.quantizing.recipes import BORDERS
    from mmkeras_export.report import Report
    from mmkeras_export.settling import Settled, settle
    from mmkeras_export.shrinking.clustering import Clustering, cluster
    from mmkeras_export.shrinking.pruning import prune, sparsity_by_layer, sparsity_of
    from mmkeras_export.shrinking.qat_ranges import learned_ranges
    from mmkeras_export.shrinking.qat_training import Settle, qat, strip
    from mmkeras_export.shrinking.savings import Savings, savings_of
    from mmkeras_export.shrinking.schedules import Constant, Polynomial
    from mmkeras_export.shrinking.slimming.choice import Cut
    from mmkeras_export.shrinking.slimming.costs import multiply_adds, slimmed
    from mmkeras_export.shrinking.slimming.cutting import slim
    from mmkeras_export.shrinking.slimming.importance import Examples
    from mmkeras_export.shrinking.zeros import KeepZeros, Pruning
    from mmkeras_export.targets import TARGETS, Target
    from mmkeras_export.variants import Variant

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
    "convert": "converting.conversion",
    "ConversionError": "converting.conversion",
    "ConversionWarning": "converting.conversion",
    "export_saved_model": "converting.other_formats",
    "export_onnx": "converting.other_formats",
    "FORMATS": "quantizing.number_formats",
    "Format": "quantizing.number_formats",
    "islands_of": "quantizing.islands",
    "quantize": "quantizing.quantization",
    "BORDERS": "quantizing.recipes",
    "CALIBRATIONS": "quantizing.ranges",
    "activation_ranges": "quantizing.ranges",
    "lint": "quantizing.linting",
    "Finding": "quantizing.lint_rules",
    "run_lite": "comparison",
    "compare": "comparison",
    "Comparison": "comparison",
    "device_figures": "pricing",
    "pack": "packing",
    "settle": "settling",
    "Settled": "settling",
    "savings_without": "modality_prices",
    "prune": "shrinking.pruning",
    "sparsity_of": "shrinking.pruning",
    "qat": "shrinking.qat_training",
    "strip": "shrinking.qat_training",
    "Settle": "shrinking.qat_training",
    "learned_ranges": "shrinking.qat_ranges",
    "sparsity_by_layer": "shrinking.pruning",
    "Pruning": "shrinking.zeros",
    "KeepZeros": "shrinking.zeros",
    "Constant": "shrinking.schedules",
    "Polynomial": "shrinking.schedules",
    "cluster": "shrinking.clustering",
    "Clustering": "shrinking.clustering",
    "Savings": "shrinking.savings",
    "savings_of": "shrinking.savings",
    "Cut": "shrinking.slimming.choice",
    "Examples": "shrinking.slimming.importance",
    "multiply_adds": "shrinking.slimming.costs",
    "slim": "shrinking.slimming.cutting",
    "slimmed": "shrinking.slimming.costs",
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
    "Settled",
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
    "savings_without",
    "settle",
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
