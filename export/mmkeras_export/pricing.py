"""What a model costs on the device: bytes of its float32 file, and milliseconds."""

from __future__ import annotations

import numpy as np

from mmkeras.prepare import Prepared
from mmkeras.run import Run
from mmkeras_export.comparison import median_ms
from mmkeras_export.conversion import convert


def device_figures(run: Run, data: Prepared) -> dict[str, float]:
    """The "file_kb" of the graph as float32, and "ms" of its first row on this machine, the median.

    For `mmkeras.compare`. Raises ConversionError for what the device cannot run.
    """
    lite = convert(run.model)
    return {"file_kb": len(lite) / 1e3, "ms": median_ms(lite, data.feed(np.arange(1)))}
