"""The parts of an evaluation, by name, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mmkeras.insight.calibration import calibration
from mmkeras.insight.classes import classes
from mmkeras.insight.curves import curves
from mmkeras.insight.gallery import gallery
from mmkeras.insight.modalities import modalities
from mmkeras.insight.residuals import residuals
from mmkeras.insight.robustness import robustness
from mmkeras.insight.slices import slices
from mmkeras.insight.subject import Subject
from mmkeras.insight.thresholds import thresholds
from mmkeras.insight.uncertainty import uncertainty
from mmkeras_edge.inputs import pick

PARTS: dict[str, Callable[[Subject], Mapping[str, Any]]] = {  # name -> results by output
    "classes": classes,
    "calibration": calibration,
    "curves": curves,
    "residuals": residuals,
    "thresholds": thresholds,
    "slices": slices,
    "modalities": modalities,
    "robustness": robustness,
    "uncertainty": uncertainty,
    "gallery": gallery,
}


def parts_of(subject: Subject, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The results by part and output; a part that says nothing of any output is left out."""
    wanted = {name: pick(PARTS, name, "part") for name in names}
    found = {name: PARTS[name](subject) for name in PARTS if name in wanted}
    return {name: of for name, of in found.items() if of}
