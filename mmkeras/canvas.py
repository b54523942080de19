"""A figure that belongs to nobody's window."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


class Canvas(Figure):
    """A notebook shows it; of Matplotlib's own it shows the name only, until pyplot is imported."""

    def __init__(self, **style: Any) -> None:
        super().__init__(**style)
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png")
        return content.getvalue()
