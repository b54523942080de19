"""Exported files, and the `.export.json` beside them: what `mmkeras export` found."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkeras.opening import load
from mmkeras.shipped import Shipped

if TYPE_CHECKING:
    from mmkeras.evaluation import Evaluation

ALL = "all inputs"  # what an export calls the condition in which none is absent


@dataclass(frozen=True)
class Variant:
    """A way to store the model that an export tried: `figures` are of its validation rows, by
    output, `wrong` the reasons for which it was refused."""

    name: str
    kb: float
    compressed_kb: float
    ms: float  # of a sample, on the machine that exported
    figures: Mapping[str, float]
    agreement: float  # with Keras, the least of all outputs
    chosen: bool
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class File:
    """An exported file; `variants` is empty without the report of its export, `evaluation` its own
    figures on the rows of the page."""

    shipped: Shipped
    variants: tuple[Variant, ...]
    measures: Mapping[str, str]  # by output, what the variants' figures are
    rows: int  # validation rows of the export
    target: str
    says: str
    evaluation: Evaluation | None = None

    @property
    def path(self) -> Path:
        return self.shipped.path

    @property
    def kb(self) -> float:
        return self.path.stat().st_size / 1e3


def open_file(path: str | os.PathLike[str]) -> File:
    """Raises FileNotFoundError, and ValueError for what is no exported file."""
    shipped = load(path)
    if not isinstance(shipped, Shipped):
        raise ValueError(f"wanted an exported .tflite file. Received: {os.fspath(path)!r}")
    beside = Path(path).with_name(f"{Path(path).stem}.export.json")
    if not beside.is_file():
        return File(shipped, (), {}, 0, "", "")
    found = json.loads(beside.read_text(encoding="utf-8"))
    try:
        variants = tuple(_variant(each, found["chosen"]) for each in found["tried"])
        seen = found["tried"][0]["comparisons"][ALL]["outputs"]
        measures = {name: of["measure"] for name, of in seen.items()}
        return File(shipped, variants, measures, found["rows"], found["target"], found["says"])
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(
            f"{str(beside)!r} is no report of an export ({error!r}); export again, or move it away"
        ) from error


def _variant(found: Mapping[str, Any], chosen: str) -> Variant:
    seen = found["comparisons"][ALL]["outputs"]
    return Variant(
        found["name"],
        found["model_bytes"] / 1e3,
        found["compressed_bytes"] / 1e3,
        found["ms"],
        {name: of["file"] for name, of in seen.items()},
        min(of["agreement"] for of in seen.values()),
        found["name"] == chosen,
        tuple(found["wrong"]),
    )
