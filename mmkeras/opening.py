"""What was stored, opened again: the path says what it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def load(path: str | os.PathLike[str]) -> Any:
    """Opens the folder of a training, a `Run`, or an exported `.tflite`, a `Shipped`.

    Both prepare, predict and are evaluated. Raises FileNotFoundError if there is none or the
    training is not finished, and ValueError for a file that is damaged or was exported otherwise.
    """
    if Path(path).suffix == ".tflite" or Path(path).is_file():
        from mmkeras.shipped import open_shipped

        return open_shipped(path)
    from mmkeras.run import load as load_run

    return load_run(path)
