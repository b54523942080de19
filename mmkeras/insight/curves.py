"""ROC and precision-recall curves: one label against all others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import RenderableType

from mmkeras.insight.plain import figure, grid, plain, titled
from mmkeras.insight.subject import Known, Subject
from mmkeras_edge.outputs import PROBABILITIES

POINTS = 200  # of a curve, at most: what a picture can show


@dataclass(frozen=True)
class Curve:
    """A label's curves, from the strictest threshold to the loosest; areas are of all points."""

    label: str
    auc: float  # area under the ROC curve
    ap: float  # average precision
    rows: int  # that have it
    thresholds: tuple[float, ...]
    false_alarms: tuple[float, ...]  # share of the others of which it is said
    recall: tuple[float, ...]
    precision: tuple[float, ...]


@dataclass(frozen=True)
class Curves:
    """Those of an output's labels that occur, and that some row does not have."""

    labels: tuple[Curve, ...]

    def mean(self, area: str) -> float:
        """Over the labels: of "auc" or "ap"."""
        areas = [getattr(curve, area) for curve in self.labels]
        return float(np.mean(areas)) if areas else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"auc": plain(self.mean("auc")), "ap": plain(self.mean("ap")), **plain(self)}

    def table(self, title: str) -> RenderableType:
        """For a terminal."""
        table = grid("", right=("ROC AUC", "average precision", "rows"))
        for each in self.labels:
            table.add_row(each.label, figure(each.auc), figure(each.ap), str(each.rows))
        if len(self.labels) > 1:
            table.add_row("mean", figure(self.mean("auc")), figure(self.mean("ap")), "")
        return titled(f"{title}: one against all", table)


def curves(subject: Subject) -> dict[str, Curves]:
    """Of each output of probabilities."""
    return {known.name: curves_of(known) for known in subject.every(*PROBABILITIES)}


def curves_of(known: Known) -> Curves:
    """Of each label that some rows have and others have not; of two, of the second."""
    spec = known.spec
    if spec.kind in ("classify", "ordinal"):
        truth = np.eye(len(spec.labels))[known.truth] > 0
    else:
        truth = known.truth > 0
    names = spec.labels[-known.outputs.shape[1] :]
    both = truth.any(axis=0) & ~truth.all(axis=0)
    return Curves(
        tuple(
            curve_of(name, truth[:, i], known.outputs[:, i])
            for i, name in enumerate(names)
            if both[i]
        )
    )


def curve_of(label: str, truth: np.ndarray, scores: np.ndarray) -> Curve:
    """The curves of one label: truth bool (N,), scores (N,), those alike at one threshold."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(truth[order])[ends].astype(float)
    said = ends + 1.0
    recall, precision = hits / truth.sum(), hits / said
    alarms = (said - hits) / (~truth).sum()
    auc = float(np.trapezoid(np.append(0, recall), np.append(0, alarms)))
    ap = float((np.diff(recall, prepend=0) * precision).sum())
    kept = np.unique(np.linspace(0, len(ends) - 1, POINTS).round().astype(int))
    points = (scores[order][ends], alarms, recall, precision)
    return Curve(label, auc, ap, int(truth.sum()), *(tuple(map(float, p[kept])) for p in points))
