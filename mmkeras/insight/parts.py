"""The parts of an evaluation, by name, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mmkeras.insight.calibration import calibration
from mmkeras.insight.classes import classes
from mmkeras.insight.curves import curves
from mmkeras.insight.decisions import decisions
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
    "decisions": decisions,
    "slices": slices,
    "modalities": modalities,
    "robustness": robustness,
    "uncertainty": uncertainty,
    "gallery": gallery,
}

PRICED = ("binary", "classify", "ordinal")  # kinds of outputs that a matrix of costs is of


def parts_of(subject: Subject, names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The results by part and output; a part that says nothing of any output is left out.

    Raises ValueError for an unknown part, and for costs of what has no labels to choose from.
    """
    for name in subject.options.costs:
        kind = pick(subject.specs, name, "output").kind
        if kind not in PRICED:
            raise ValueError(f"a cost matrix is of {', '.join(PRICED)}; {name!r} is {kind}")
    wanted = {name: pick(PARTS, name, "part") for name in names}
    found = {name: PARTS[name](subject) for name in PARTS if name in wanted}
    return {name: of for name, of in found.items() if of}
