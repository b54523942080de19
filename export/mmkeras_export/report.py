"""What an export found: every variant that was tried, and the one that was written."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.plain_file import write_json
from mmkeras_export.comparison import Seen
from mmkeras_export.variants import FLOAT, Variant


@dataclass(frozen=True)
class Report:
    """A file and its proof over `rows` validation rows; `tried` holds all that was measured, the
    `chosen` one among them."""

    path: str
    rows: int
    tried: tuple[Variant, ...]
    chosen: Variant
    target: str = "any"
    findings: tuple[str, ...] = ()  # of `lint`, where some variant is calibrated
    notes: tuple[str, ...] = ()
    file_bytes: int = 0  # with card, tokenizer and golden samples, once written

    @property
    def precision(self) -> str:
        """Such as "int8", or "int8 but text dynamic_int8"."""
        return self.chosen.name

    @property
    def says(self) -> str:
        """What was gained and lost, in a sentence."""
        whole = next((each for each in self.tried if each.name == FLOAT), self.chosen)
        changes = [f"{name} {change(seen)}" for name, seen in self.chosen.seen.outputs.items()]
        smaller = whole.model_bytes / self.chosen.model_bytes
        faster = whole.ms / self.chosen.ms
        pace = f"{faster:.1f} times faster" if faster >= 1 else f"{1 / faster:.1f} times slower"
        return (
            f"{self.precision}: {', '.join(changes)}, {smaller:.1f} times smaller, {pace} than "
            f"{FLOAT} on this machine"
        )

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.path}: {self.file_bytes / 1e3:,.0f} kB, for {self.target}, {self.rows} "
                "validation rows",
                table(self.tried, self.chosen),
                "",
                self.by_condition(),
                "",
                self.says,
                *(f"lint: {finding}" for finding in self.findings),
                *self.notes,
            ]
        )

    def by_condition(self) -> str:
        """The chosen file output by output, with and without each optional input."""
        rows = [["output", "inputs", "Keras", "file", "agree", "differs", ""]]
        for condition, seen in self.chosen.comparisons.items():
            for name, of in seen.outputs.items():
                digits = _digits(of)
                figures = [f"{of.keras:{digits}}", f"{of.file:{digits}}", f"{of.agreement:.3f}"]
                measure = "" if of.measure == "accuracy" else of.measure
                rows.append([name, condition, *figures, f"{of.max_difference:.1e}", measure])
        return _aligned(rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        tried = [variant.to_dict() for variant in self.tried]
        chosen = {"chosen": self.chosen.name, "says": self.says}
        return {**fields, "tried": tried, **chosen}

    def save(self) -> tuple[Path, Path]:
        """Writes the table as JSON and as a picture beside the file, and says where."""
        from mmkeras_export.report_picture import draw_report

        base = Path(os.fspath(self.path))
        data, picture = (base.with_name(f"{base.stem}.export{end}") for end in (".json", ".png"))
        write_json(data, self.to_dict())
        draw_report(picture, self)
        return data, picture


def table(tried: Sequence[Variant], chosen: Variant | None = None) -> str:
    """A row a variant: sizes, measures with their change against Keras in points or percent, the
    least agreement of an output, time and memory on this machine; the chosen one is marked."""
    outputs = list(tried[0].seen.outputs)
    head = ["", "variant", "kB", "compressed", *outputs, "agree", "ms", "RAM MB"]
    rows = [head]
    for each in tried:
        rows.append(
            [
                ">" if each is chosen else "x" if each.wrong else "",
                each.name,
                f"{each.model_bytes / 1e3:,.0f}",
                f"{each.compressed_bytes / 1e3:,.0f}",
                *(_measure(each.seen.outputs[name]) for name in outputs),
                f"{each.agreement:.3f}",
                f"{each.ms:.2f}",
                f"{each.ram_mb:,.1f}",
            ]
        )
    wrong = [f"x {each.name}: {'; '.join(each.wrong)}" for each in tried if each.wrong]
    return "\n".join([_aligned(rows), *wrong])


def change(seen: Seen) -> str:
    """Of a file against Keras: points of a share, percent of an error."""
    if seen.higher:
        return f"{100 * (seen.file - seen.keras):+.1f} points"
    return f"{100 * (seen.file / seen.keras - 1):+.1f}%" if seen.keras else "+0.0%"


def _measure(seen: Seen) -> str:
    return f"{seen.file:{_digits(seen)}} ({change(seen).removesuffix(' points')})"


def _digits(seen: Seen) -> str:
    return ".3f" if seen.higher else ".4g"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lines of a table: its first two columns are words, to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
