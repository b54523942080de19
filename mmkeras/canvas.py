"""A figure that belongs to nobody's window."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Canvas(Figure):
    """A notebook shows it; of Matplotlib's own it shows the name only, until pyplot is imported."""

    def __init__(self, **style: Any) -> None:
        super().__init__(**style)
        FigureCanvasAgg(self)

    def write(self, path: Path, dpi: float | None = None) -> Path:
        """As PNG, complete or not at all; `dpi` instead of its own. Gives the path."""
        part = path.with_name(f".{path.name}.part")
        self.savefig(part, dpi=dpi or self.dpi, format="png")
        part.replace(path)
        return path

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()
