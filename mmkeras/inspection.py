"""What a manifest holds, and what is wrong with it: every cell is read as a training reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from mmkeras.manifest import Manifest, Problem
from mmkeras_edge.inputs import LOADERS
from mmkeras_edge.specs import INPUT_SPECS

SHOWN = 20  # problems printed; all of them are in to_dict


@dataclass(frozen=True)
class Inspection:
    """Usable rows by class and target, their absent cells by input; the problems by line."""

    rows: int
    classes: Mapping[str, Mapping[str, int]]
    absent: Mapping[str, int]
    problems: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "problems": [vars(problem) for problem in self.problems]}

    def __str__(self) -> str:
        lines = [f"{self.rows} usable rows"]
        for target, counts in self.classes.items():
            shares = ", ".join(f"{label} {count}" for label, count in counts.items())
            lines.append(f"{target}: {len(counts)} classes: {shares}")
        lines += [f"{name}: absent in {count} rows" for name, count in self.absent.items()]
        lines += map(str, self.problems[:SHOWN])
        if len(self.problems) > SHOWN:
            lines.append(f"and {len(self.problems) - SHOWN} more problems (--json has them all)")
        lines.append(f"{len(self.problems)} problems" if self.problems else "no problems")
        return "\n".join(lines)


def inspect(manifest: Manifest) -> Inspection:
    """Decodes every picture and sound of a manifest with the device's loaders."""
    problems = list(manifest.problems)
    for name in manifest.inputs:
        problems += _unreadable(manifest, name, manifest.column(name))
    usable = manifest.on_lines(set(manifest.lines) - {problem.line for problem in problems})
    return Inspection(
        rows=len(usable),
        classes={
            target: dict(Counter(usable.table[column]).most_common())
            for target, column in usable.targets.items()
        },
        absent={name: usable.column(name).count(None) for name in usable.inputs},
        problems=tuple(problems),
    )


def _unreadable(manifest: Manifest, name: str, sources: list[Any]) -> list[Problem]:
    kind = manifest.kinds[name]
    if kind not in LOADERS:
        return []
    spec = INPUT_SPECS[kind]()

    def message(source: Any) -> str | None:
        try:
            LOADERS[kind](source, spec)
        except (ValueError, OSError) as error:
            return str(error)
        return None

    distinct = list(dict.fromkeys(source for source in sources if source is not None))
    with ThreadPoolExecutor() as pool:
        messages = dict(zip(distinct, pool.map(message, distinct), strict=True))
    return [
        Problem(str(manifest.path), line, manifest.inputs[name], found)
        for line, source in zip(manifest.lines, sources, strict=True)
        if source is not None and (found := messages[source])
    ]
