"""What a check of a manifest came to, as values."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mmkeras.manifest import Manifest
from mmkeras.quality.charts import Chart
from mmkeras.quality.finding import SEVERITIES, Finding


@dataclass(frozen=True)
class Quality:
    """Findings, the gravest first, and what there is; printed, it is the report.

    `manifest` has the rows that could be loaded, `read` is how many rows the source has, `usable`
    how many are left without those with an error. `absent` is, by label of the first target and by
    input, in how many rows it is absent, of how many; `unlabelled` how many rows lack a target.
    """

    manifest: Manifest
    read: int
    usable: int
    files: int
    seconds: float
    findings: tuple[Finding, ...]
    charts: tuple[Chart, ...]
    absent: Mapping[str, Mapping[str, tuple[int, int]]]
    unlabelled: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """Whether no row has an error."""
        return not self.named("error")

    def named(self, *names: str) -> tuple[Finding, ...]:
        """The findings of these names or severities."""
        return tuple(of for of in self.findings if of.name in names or of.severity in names)

    def counts(self) -> dict[str, int]:
        """How many findings there are, by severity."""
        counts = Counter(of.severity for of in self.findings)
        return {severity: counts[severity] for severity in SEVERITIES}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "manifest": str(self.manifest.path),
            "rows": self.read,
            "usable": self.usable,
            "files": self.files,
            "rows_per_second": round(self.read / max(self.seconds, 1e-9)),
            "inputs": dict(self.manifest.inputs),
            "kinds": dict(self.manifest.kinds),
            "targets": {name: self.manifest.kind_of(name) for name in self.manifest.targets},
            "absent": {
                label: {name: of[0] for name, of in row.items()}
                for label, row in self.absent.items()
            },
            "unlabelled": dict(self.unlabelled),
            "counts": self.counts(),
            "findings": [of.to_dict() for of in self.findings],
            "charts": [asdict(chart) for chart in self.charts],
        }

    def __str__(self) -> str:
        from rich.console import Console

        from mmkeras.quality.screen import show

        text = io.StringIO()
        show(self, Console(file=text, width=100, force_jupyter=False, force_terminal=False))
        return text.getvalue().rstrip()
