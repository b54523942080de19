"""What is behind a figure: intervals, calibration, modalities, noise, the rows that fail."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmkeras.insight.baselines import train
    from mmkeras.insight.costs import Costs, read_costs
    from mmkeras.insight.ensembles import Opinions, ensemble, mc_dropout
    from mmkeras.insight.parts import PARTS
    from mmkeras.insight.subject import Options, Saved

PUBLIC = {  # name -> module, on first use: `mmkeras.evaluation`, which some import, imports some
    "Options": "subject",
    "Saved": "subject",
    "PARTS": "parts",
    "Costs": "costs",
    "read_costs": "costs",
    "train": "baselines",
    "mc_dropout": "ensembles",
    "ensemble": "ensembles",
    "Opinions": "ensembles",
}

__all__ = [
    "PARTS",
    "Costs",
    "Opinions",
    "Options",
    "Saved",
    "ensemble",
    "mc_dropout",
    "read_costs",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'mmkeras.insight' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mmkeras.insight.{PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
