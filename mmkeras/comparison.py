"""What several recipes came to: a table for a terminal, a program and a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mmkeras.comparing_picture import draw_comparison
from mmkeras.heads.measures import Measure
from mmkeras.plain_file import write_json
from mmkeras.series import Outcome, mean, mean_and_spread, or_none, spread

TABLE, PLAIN, PICTURE = "compare.csv", "compare.json", "compare.png"
WIDTH = 120  # of the printed table
BALANCED = "balanced_accuracy"  # in which frequent classes hide no rare ones


@dataclass(frozen=True)
class Contender:
    """A recipe, its outcomes by seed, and its price on the device where that was measured."""

    name: str
    outcomes: tuple[Outcome, ...]
    device: Mapping[str, Any]  # "file_kb" and "ms", or the "error" of a conversion, or nothing
    alone: bool = False  # one modality of another recipe

    def by_seed(self, output: str, measure: str | None = None) -> list[float]:
        """A measure of an output, usually the one that decides; NaN where there is none."""
        if measure is None:
            return [each.first(output) for each in self.outcomes]
        return [each.figures[output].get(measure, math.nan) for each in self.outcomes]

    def mean(self, output: str) -> float:
        """Over the seeds; NaN where no test row has its label."""
        return mean(self.by_seed(output))

    @property
    def parameters(self) -> int:
        return self.outcomes[0].parameters

    @property
    def seconds(self) -> float:
        """Of one training, in the mean."""
        return sum(each.seconds for each in self.outcomes) / len(self.outcomes)


@dataclass(frozen=True)
class Comparison:
    """Contenders, the best of the first output first; printed, it is a table."""

    contenders: tuple[Contender, ...]
    measures: Mapping[str, Measure]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "measures": {output: measure.name for output, measure in self.measures.items()},
            "constant": {output: or_none(self._constant(output)) for output in self.measures},
            "contenders": [self._plain(each) for each in self.contenders],
        }

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes compare.json, compare.csv and compare.png."""
        folder = Path(folder)
        write_json(folder / PLAIN, self.to_dict())
        with open(folder / TABLE, "w", newline="", encoding="utf-8") as file:
            flat = [self._flat(each) for each in self.contenders]
            writer = csv.DictWriter(file, list(flat[0]))
            writer.writeheader()
            writer.writerows(flat)
        draw_comparison(folder / PICTURE, self)

    def __str__(self) -> str:
        seeds, rows = len(self.contenders[0].outcomes), self.contenders[0].outcomes[0].rows
        many = f"mean ± standard deviation over {seeds} seeds, " if seeds > 1 else ""
        table = Table(title=f"{many}{rows} test rows", title_justify="left")
        table.add_column("", overflow="fold")
        for output, measure in self.columns:
            table.add_column(f"{output}\n{measure}".replace("_", " "), justify="right")
        for column in ("parameters", "file kB", "ms", "training s"):
            table.add_column(column, justify="right")
        for each in self.contenders:
            figures = [mean_and_spread(each.by_seed(*column)) for column in self.columns]
            table.add_row(each.name, *figures, *_price(each))
        constant = [mean_and_spread([self._constant(*column)]) for column in self.columns]
        table.add_row("constant answer", *constant, "", "", "", "")
        text = io.StringIO()
        Console(file=text, width=WIDTH, force_jupyter=False, force_terminal=False).print(table)
        notes = [f"{c.name}: {c.device['error']}" for c in self.contenders if "error" in c.device]
        return text.getvalue() + "".join(f"{note}\n" for note in notes)

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Output and measure: what decides and, of classes, their balanced accuracy beside it."""
        has = self.contenders[0].outcomes[0].figures
        return [
            (output, name)
            for output, measure in self.measures.items()
            for name in dict.fromkeys((measure.name, BALANCED))
            if name == measure.name or name in has[output]
        ]

    def _constant(self, output: str, measure: str | None = None) -> float:
        """The best answer that never looks."""
        figures = self.contenders[0].outcomes[0].constant[output]
        return figures.get(measure or self.measures[output].name, math.nan)

    def _plain(self, each: Contender) -> dict[str, Any]:
        outputs = {}
        for output in self.measures:
            values = each.by_seed(output)
            outputs[output] = {
                "mean": or_none(each.mean(output)),
                "spread": spread(values),
                "by_seed": [or_none(value) for value in values],
                "figures": {
                    measure: or_none(mean(each.by_seed(output, measure)))
                    for of, measure in self.columns
                    if of == output
                },
            }
        return {
            "name": each.name,
            "alone": each.alone,
            "outputs": outputs,
            "parameters": each.parameters,
            "seconds": each.seconds,
            "rows": each.outcomes[0].rows,
            "device": dict(each.device),
        }

    def _flat(self, each: Contender) -> dict[str, Any]:
        figures: dict[str, float | None] = {}
        for output, measure in self.columns:
            figures[f"{output} {measure}"] = or_none(mean(each.by_seed(output, measure)))
            if measure == self.measures[output].name:
                figures[f"{output} spread"] = spread(each.by_seed(output))
        price = {name: each.device.get(name) for name in ("file_kb", "ms")}
        of_all = {"parameters": each.parameters, **price, "seconds": each.seconds}
        return {"name": each.name, "alone": each.alone, **figures, **of_all}


def _price(each: Contender) -> list[str]:
    device = each.device
    return [
        f"{each.parameters:,}",
        f"{device['file_kb']:,.0f}" if "file_kb" in device else "",
        f"{device['ms']:.2f}" if "ms" in device else "",
        f"{each.seconds:.0f}",
    ]
