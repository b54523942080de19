"""A picture for each part of an evaluation and each output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkeras.insight import pictures_of_answers as answers
from mmkeras.insight import pictures_of_inputs as inputs
from mmkeras.series import folder_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mmkeras.canvas import Canvas

DPI = 110

PICTURES: dict[str, Callable[[Figure, str, Any], None]] = {  # by part
    "classes": answers.draw_classes,
    "calibration": answers.draw_calibration,
    "curves": answers.draw_curves,
    "residuals": answers.draw_residuals,
    "thresholds": answers.draw_thresholds,
    "decisions": answers.draw_decisions,
    "slices": answers.draw_slices,
    "modalities": inputs.draw_modalities,
    "robustness": inputs.draw_robustness,
    "uncertainty": answers.draw_uncertainty,
    "gallery": inputs.draw_gallery,
}


def figure_of(part: str, output: str, result: Any) -> Canvas:
    """The picture, to be looked at or saved; it belongs to nobody's window."""
    from mmkeras.canvas import Canvas

    figure = Canvas(layout="constrained")
    PICTURES[part](figure, output, result)
    return figure


def draw(folder: Path, parts: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    """Writes PART-OUTPUT.png, complete or not at all; gives their paths."""
    written = []
    for part, results in parts.items():
        for output, result in results.items():
            path = folder / f"{part}-{folder_name(output)}.png"
            written.append(figure_of(part, output, result).write(path, DPI))
    return written
