"""What a manifest holds, and what is wrong with it: every cell is read as a training reads it."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mmkeras.manifest import Manifest, Problem
from mmkeras.modalities import Sensor, Table
from mmkeras.sources import distinct
from mmkeras.targets import LABELS, labels_in
from mmkeras_edge.inputs import LOADERS
from mmkeras_edge.specs import INPUT_SPECS, ImageSpec, InputSpec

SHOWN = 20  # problems printed; all of them are in to_dict


@dataclass(frozen=True)
class Inspection:
    """Usable rows by class and target, their absent cells by input; the problems by line."""

    rows: int
    classes: Mapping[str, Mapping[str, int]]
    absent: Mapping[str, int]
    problems: tuple[Problem, ...]
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # lowest, ...
    unlabelled: Mapping[str, int] = field(default_factory=dict)  # rows, by target

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "problems": [vars(problem) for problem in self.problems]}

    def __str__(self) -> str:
        lines = [f"{self.rows} usable rows"]
        for target, counts in self.classes.items():
            shares = ", ".join(f"{label} {count}" for label, count in counts.items())
            lines.append(f"{target}: {len(counts)} classes: {shares}")
        for target, of in self.numbers.items():
            ends = f"{of['lowest']:g} to {of['highest']:g}"
            lines.append(f"{target}: {ends}, median {of['median']:g}")
        lines += [f"{n}: no label in {count} rows" for n, count in self.unlabelled.items() if count]
        lines += [f"{name}: absent in {count} rows" for name, count in self.absent.items()]
        lines += map(str, self.problems[:SHOWN])
        if len(self.problems) > SHOWN:
            lines.append(f"and {len(self.problems) - SHOWN} more problems (--json has them all)")
        lines.append(f"{len(self.problems)} problems" if self.problems else "no problems")
        return "\n".join(lines)


def inspect(manifest: Manifest) -> Inspection:
    """Decodes every file of a manifest with the device's loaders."""
    problems = list(manifest.problems)
    for name in manifest.inputs:
        problems += _unreadable(manifest, name)
    usable = manifest.on_lines(set(manifest.lines) - {problem.line for problem in problems})
    return Inspection(
        rows=len(usable),
        classes={n: _counted(usable, n) for n in usable.targets if usable.kind_of(n) in LABELS},
        numbers={
            n: _range([float(cell) for cell in usable.cells(n) if cell])
            for n in usable.targets
            if usable.kind_of(n) not in LABELS
        },
        unlabelled={n: usable.cells(n).count("") for n in usable.targets},
        absent={name: usable.column(name).count(None) for name in usable.inputs},
        problems=tuple(problems),
    )


def _counted(manifest: Manifest, target: str) -> dict[str, int]:
    """How many rows have each label, the most frequent first."""
    kind = manifest.kind_of(target)
    return dict(
        Counter(
            label for cell in manifest.cells(target) for label in labels_in(cell, kind)
        ).most_common()
    )


def _range(numbers: list[float]) -> dict[str, float]:
    numbers = numbers or [math.nan]
    median = statistics.median(numbers)
    return {"lowest": min(numbers), "median": median, "highest": max(numbers)}


def _unreadable(manifest: Manifest, name: str) -> list[Problem]:
    kind = manifest.kinds[name]
    different, places = distinct(manifest.column(name))
    if kind not in LOADERS or not different:
        return []
    try:
        spec = _spec(manifest, name)
    except (ValueError, OSError) as error:  # not even the first can be read
        return [Problem(str(manifest.path), manifest.lines[0], name, str(error))]

    def message(source: Any) -> str | None:
        try:
            LOADERS[kind](source, spec)
        except (ValueError, OSError) as error:
            return str(error)
        return None

    with ThreadPoolExecutor() as pool:
        messages = list(pool.map(message, different))
    return [
        Problem(str(manifest.path), line, ", ".join(manifest.columns(name)), found)
        for line, place in zip(manifest.lines, places, strict=True)
        if place is not None and (found := messages[place])
    ]


def _spec(manifest: Manifest, name: str) -> InputSpec:
    """What a model over these rows would take, where a default would not do."""
    kind = manifest.kinds[name]
    if kind == "sensor":
        return Sensor.of(manifest, name).spec
    if kind == "table":
        return Table.of(manifest, name).spec
    if kind == "image":
        return ImageSpec(views=len(manifest.columns(name)))
    return INPUT_SPECS[kind]()
