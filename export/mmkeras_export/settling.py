"""What is found once a file is there, into its card: temperature, thresholds, when it is unsure.

The model stays, byte for byte, and so do its golden samples: they are of what the graph gives, and
a reading makes of it what the card says.
"""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.insight.calibration import calibration_of
from mmkeras.insight.merit import assurances
from mmkeras.insight.subject import Known, Subject
from mmkeras.insight.thresholds import thresholds_of
from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.shipped import open_shipped
from mmkeras_edge.card import Card
from mmkeras_edge.file import CARD
from mmkeras_edge.outputs import PROBABILITIES, OutputSpec
from mmkeras_edge.verify import verify
from mmkeras_export.gate import GateError


@dataclass(frozen=True)
class Settled:
    """An output before and after, by what was found."""

    temperature: float  # as it was, where another helps other rows by chance at most
    nll: float | None  # of halves of the rows under the temperature of the others: see Calibration
    nll_before: float | None
    unsure_below: float
    unsure_above: float
    thresholds: tuple[float, ...]

    def __str__(self) -> str:
        said = []
        if self.nll is not None:
            said.append(
                f"temperature {self.temperature:.2f}, log loss {self.nll_before:.3f} -> "
                f"{self.nll:.3f}"
            )
        said += [f"unsure below {self.unsure_below:.3f}"] if self.unsure_below else []
        said += [f"unsure where wider than {self.unsure_above:.3g}"] if self.unsure_above else []
        if self.thresholds:
            said.append("yes from " + ", ".join(f"{each:.3f}" for each in self.thresholds))
        return "; ".join(said) or "nothing to settle"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def settle(
    path: str | os.PathLike[str],
    data: Manifest | Prepared,
    out: str | os.PathLike[str] | None = None,
    turn_away: float = 0.0,
    costs: tuple[float, float] | None = None,
) -> dict[str, Settled]:
    """Finds the temperature of each output on these rows and writes the file with it, to `out` or
    in place of the old one.

    `turn_away` is the share of such rows that the file is to be unsure of; `costs` are those of a
    missed yes and of a false one, by which thresholds are chosen. Take validation rows, neither
    those that were learned from nor those that judge. Raises ValueError for a share that cannot be,
    GateError if the new file does not answer as the old one.
    """
    if not 0 <= turn_away < 1:
        raise ValueError(f"turn_away is a share, from 0 to below 1. Received: {turn_away!r}")
    file = open_shipped(path)
    rows = file.prepare(data)
    subject = Subject(file, rows, file.predict(rows))
    specs, found = dict(file.specs), {}
    for known in subject.every():
        specs[known.name], found[known.name] = _settled(known, turn_away, costs)
    note = f"temperature and limits were found on {len(rows)} rows"
    _rewrite(Path(path), Path(out or path), file.model.file.card, specs, note)
    return found


def _settled(
    known: Known, turn_away: float, costs: tuple[float, float] | None
) -> tuple[OutputSpec, Settled]:
    spec, nll, before, outputs = known.spec, None, None, known.outputs
    if spec.kind in PROBABILITIES:
        seen = calibration_of(known)
        nll, before = (seen.nll_tempered if seen.helps else seen.nll), seen.nll
        if seen.helps:  # a second temperature on top of the first is their product
            spec = dataclasses.replace(spec, temperature=spec.temperature * seen.temperature)
            fresh = dataclasses.replace(spec, temperature=seen.temperature)
            outputs = fresh.answer(outputs)
    if costs is not None and spec.kind in ("binary", "multilabel"):
        chosen = thresholds_of(dataclasses.replace(known, spec=spec, outputs=outputs), *costs)
        levels = tuple(min(max(each.threshold, 1e-6), 1 - 1e-6) for each in chosen.labels)
        fields = {"threshold": levels[0]} if spec.kind == "binary" else {"thresholds": levels}
        spec = dataclasses.replace(spec, **fields)
    scores = assurances(spec, outputs)
    if turn_away and scores and spec.kind != "multilabel":
        limit = float(np.quantile(next(iter(scores.values())), turn_away))
        limits = {"unsure_above": -limit} if "width" in scores else {"unsure_below": limit}
        spec = dataclasses.replace(spec, **limits)
    told = getattr(spec, "thresholds", ()) or (
        (spec.threshold,) if hasattr(spec, "threshold") else ()
    )
    return spec, Settled(
        getattr(spec, "temperature", 1.0),
        nll,
        before,
        getattr(spec, "unsure_below", 0.0),
        getattr(spec, "unsure_above", 0.0),
        tuple(told) if costs is not None else (),
    )


def _rewrite(
    path: Path, out: Path, card: Card, outputs: Mapping[str, OutputSpec], note: str
) -> None:
    """The same model and entries with another card, complete and checked or not at all."""
    notes = (*(old for old in card.notes if not old.startswith(note.split(" were ")[0])), note)
    card = dataclasses.replace(card, outputs=outputs, notes=notes)
    with zipfile.ZipFile(path) as archive:
        entries = {entry: archive.read(entry) for entry in archive.infolist()}
    with open(path, "rb") as file:
        lite = file.read(card.model_bytes)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        with open(partial, "xb") as file:
            file.write(lite)
            with zipfile.ZipFile(file, "w") as archive:
                for entry, content in entries.items():
                    fresh = card.to_json().encode() if entry.filename == CARD else content
                    made = zipfile.ZipInfo(entry.filename, entry.date_time)
                    archive.writestr(made, fresh)
        report = verify(partial)
        if not report:
            raise GateError(
                f"nothing was written: the new file fails its own check: {report.verdict}"
            )
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
